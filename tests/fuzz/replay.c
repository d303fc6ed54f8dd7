/*
 * replay.c - runs a fuzz target over every file of its corpus, so that each input that ever
 * mattered is an ordinary test under every compiler.
 *
 * Each input lies in a heap block of exactly its size: a read past its end is the sanitizer's.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum {
    PATH_BYTES = 4096
};

/* The whole file in a block of its own, or NULL with a line on standard error. */
static uint8_t *file_load(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return NULL;
    }
    uint8_t *bytes = NULL;
    long end = -1;
    if (fseek(file, 0, SEEK_END) == 0) {
        end = ftell(file);
    }
    if (end >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        *size = (size_t)end;
        bytes = malloc(*size);
    }
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        bytes = NULL;
    }
    if (bytes == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    (void)fclose(file);
    return bytes;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool replay(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
        fprintf(stderr, "%s/%s: path too long\n", folder, name);
        return false;
    }
    size_t size = 0;
    uint8_t *bytes = file_load(path, &size);
    if (bytes == NULL) {
        return false;
    }
    (void)LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    struct dirent **entries = NULL;
    int count = scandir(argv[1], &entries, is_input, alphasort);
    if (count < 0) {
        perror(argv[1]);
        return 1;
    }
    int replayed = 0;
    for (int i = 0; i < count; i++) {
        replayed += replay(argv[1], entries[i]->d_name) ? 1 : 0;
        free(entries[i]);
    }
    free(entries);
    printf("%s: %d inputs replayed\n", argv[1], replayed);
    return count > 0 && replayed == count ? 0 : 1;
}
