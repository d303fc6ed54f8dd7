/* main.h - the name under which cli/main.c is called here. The compiler reads it first. */
#ifndef LUM_TESTS_FAULTS_MAIN_H
#define LUM_TESTS_FAULTS_MAIN_H

int lum_main(int argc, char **argv);
#define main lum_main

#endif
