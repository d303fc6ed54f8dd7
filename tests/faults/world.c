/* world.c - see world.h. */
#include "tests/faults/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world world;

/* ---- words ---- */

const char *world_words(const char *words, char out[4 * WORLD_ROOM])
{
    const struct {
        char letter;
        const char *value;
    } values[] = {
        {'A', world.address}, {'I', world.invite}, {'J', world.second_invite}, {'W', world.home}};
    size_t len = 0;

    for (const char *at = words; *at != '\0'; at++) {
        const char *value = NULL;
        for (size_t i = 0; *at == '%' && i < 4; i++) {
            value = at[1] == values[i].letter ? values[i].value : value;
        }
        if (value != NULL) {
            len += text_put(out + len, 4 * WORLD_ROOM - len, "%s", value);
            at++;
        } else {
            out[len++] = *at;
        }
    }
    out[len] = '\0';
    return out;
}

const struct run *world_must(const char *folder, const char *format, ...)
{
    char words[WORLD_ROOM];
    va_list more;
    va_start(more, format);
    (void)vsnprintf(words, sizeof(words), format, more);
    va_end(more);
    const struct run *run = run_one(NULL, "-S %s/%s %s", world.home, folder, words);
    if (run->code != 0) {
        printf("the world is not made: exit %d of %s\n%s\n", run->code, words, run->complained);
        exit(1);
    }
    return run;
}

bool world_text(const char *json, const char *name, char out[WORLD_ROOM])
{
    char key[64];
    (void)text_put(key, sizeof(key), "\"%s\":\"", name);
    const char *at = strstr(json, key);
    out[0] = '\0';
    if (at != NULL) {
        at += strlen(key);
        (void)text_put(out, WORLD_ROOM, "%.*s", (int)strcspn(at, "\""), at);
    }
    return at != NULL;
}

uint64_t world_number(const char *json, const char *name)
{
    char key[64];
    (void)text_put(key, sizeof(key), "\"%s\":", name);
    const char *at = strstr(json, key);
    return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 10);
}

/* ---- two halls ---- */

void world_read_address(const struct run *run)
{
    (void)world_text(run->said, "listening", world.address);
}

void world_serve_a(void)
{
    char words[WORLD_ROOM];
    (void)text_put(words, sizeof(words), "-S %s/a serve --json --listen 127.0.0.1:0", world.home);
    run_begin(RUN_FAR, NULL, words);
    if (!run_has_said(RUN_FAR, "\"listening\"")) {
        printf("the world is not made: a does not serve\n%s\n", run_end(RUN_FAR)->complained);
        exit(1);
    }
    world_read_address(run_so_far(RUN_FAR));
}

void world_leave_a(void)
{
    run_stop(RUN_FAR);
    (void)run_end(RUN_FAR);
}

static void write_tables(void)
{
    char path[WORLD_ROOM];
    char text[16 * 1024];
    size_t len = text_put(text, sizeof(text), "number,note\n");
    for (int i = 1; i <= 60; i++) {
        len += text_put(text + len, sizeof(text) - len, "%d,row %d\n", i, i);
    }
    (void)text_put(path, sizeof(path), "%s/rows.csv", world.home);
    file_write(path, text);
    len = text_put(text, sizeof(text), "key,number,v\n");
    for (int i = 1; i <= 30; i++) {
        len += text_put(text + len, sizeof(text) - len, "k%d,%d,value %d\n", i, i, i);
    }
    (void)text_put(path, sizeof(path), "%s/items.csv", world.home);
    file_write(path, text);
    len = 0;
    for (int i = 1; i <= 20; i++) {
        len += text_put(text + len, sizeof(text) - len,
                        "{\"number\":%d,\"height\":%d.5,\"is\":true}\n", i, i);
    }
    (void)text_put(path, sizeof(path), "%s/rows.ndjson", world.home);
    file_write(path, text);
}

void world_make(void)
{
    char path[WORLD_ROOM];
    char keep[WORLD_ROOM];
    (void)text_put(world.home, sizeof(world.home), "%s/lumbung-faults-%d",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    (void)mkdir(world.home, 0700);
    write_tables();
    world_must("a", "init Balai --as Siti");
    world_must("a", "import items %s/items.csv --key key", world.home);
    world_serve_a();
    (void)world_text(world_must("a", "--json invite")->said, "invite", world.invite);
    world_must("b", "join %s --as Made", world.invite);
    world_leave_a();
    world_must("a", "set items/k1 v=siti");
    world_must("b", "set items/k1 v=made");
    world_must("a", "set items/k2 v=siti");
    world_must("b", "set items/k2 v=made");
    world_serve_a();
    world_must("b", "sync %s", world.address);
    (void)world_text(world_must("a", "--json invite")->said, "invite",
                     world.invite); /* it names the address */
    world_leave_a();
    world_must("b", "import rows %s/rows.csv --key number", world.home);
    world_must("a", "del items/k9");
    world_must("a", "conflicts");
    (void)world_text(world_must("a", "--json invite")->said, "invite", world.second_invite);
    for (int i = 0; i < 3; i++) {
        (void)text_put(path, sizeof(path), "%s/%c", world.home, 'a' + i);
        (void)text_put(keep, sizeof(keep), "%s/keep.%c", world.home, 'a' + i);
        world.kept[i] = kept_take(path, keep);
    }
}

void world_end(void)
{
    char path[WORLD_ROOM];
    const char *const folders[] = {"a", "b", "c", "keep.a", "keep.b", "keep.c"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        (void)text_put(path, sizeof(path), "%s/%s", world.home, folders[i]);
        folder_remove(path);
    }
    folder_remove(world.home);
    for (int i = 0; i < 3; i++) {
        kept_free(world.kept[i]);
    }
}

void world_put_back(void)
{
    for (int i = 0; i < 3; i++) {
        kept_put_back(world.kept[i]);
    }
}
