/*
 * world_tell.c - a history as text, an event a line:
 *
 *   d1 common#0 3  t+120m [2:3 0:1!]  set k1.a=01 <- 2/3.0, drop k1 seen 2/3
 *
 * Logs are numbers; a dep is log:seq, with ! a pin; a dot is log/seq.op.
 */
#include <string.h>

#include "tests/prop/world_i.h"

static void tell_log_name(const struct world *world, uint32_t log, FILE *out)
{
    const struct world_log *at = &world->logs[log];
    fprintf(out, "log %2u of device %u on shelf %u#%u", log, at->device, at->name.shelf,
            at->name.incarnation[7]);
}

static void tell_dots(const struct model_op *op, FILE *out)
{
    for (uint32_t i = 0; i < op->dot_count; i++) {
        const struct model_dot *dot = &op->dots[i];
        fprintf(out, " %u/%llu.%u", dot->log, (unsigned long long)dot->seq, dot->op);
    }
}

static void tell_about(const struct model_op *op, FILE *out)
{
    if (op->about == MODEL_BY_ID) {
        fprintf(out, " %02x%02x%02x", op->id[0], op->id[1], op->id[2]);
    } else if (op->about == MODEL_BY_MAKE) {
        fprintf(out, " own/%llu.%u", (unsigned long long)op->about_seq, op->about_op);
    } else {
        fprintf(out, " this.%u", op->about_op);
    }
}

static void tell_pairs(const struct model_op *op, FILE *out)
{
    for (uint32_t i = 0; i < op->pair_count; i++) {
        fprintf(out, " %s=", op->pairs[i].field);
        for (size_t k = 0; k < op->pairs[i].value.len && k < 6; k++) {
            fprintf(out, "%02x", op->pairs[i].value.at[k]);
        }
    }
}

static void tell_op(const struct model_op *op, FILE *out)
{
    switch (op->type) {
    case MODEL_MAKE:
        fprintf(out, "; make %s", op->collection);
        break;
    case MODEL_MAKE_KEYED:
        fprintf(out, "; make %s/%s", op->collection, op->key);
        break;
    case MODEL_SET:
        fprintf(out, "; set");
        tell_about(op, out);
        break;
    case MODEL_DROP:
        fprintf(out, "; drop");
        tell_about(op, out);
        fprintf(out, " seen");
        break;
    case MODEL_KEEP:
        fprintf(out, "; keep");
        tell_about(op, out);
        fprintf(out, " over");
        break;
    }
    tell_pairs(op, out);
    tell_dots(op, out);
}

static void tell_fact(const struct model_event *event, FILE *out)
{
    static const char *const names[] = {"GENESIS", "INVITE", "CANCEL", "JOIN", "ADMIT"};
    const struct model_fact *fact = &event->fact;
    fprintf(out, "; %s", names[fact->type]);
    if (fact->type == MODEL_INVITE) {
        fprintf(out, " role %u uses %llu", fact->role, (unsigned long long)fact->uses);
    } else if (fact->type != MODEL_GENESIS) {
        fprintf(out, " of %02x%02x/%llu", fact->ref.log8[0], fact->ref.log8[1],
                (unsigned long long)fact->ref.seq);
    }
    if (fact->type == MODEL_ADMIT) {
        fprintf(out, " role %u", fact->role);
    }
}

static uint32_t log_of_dep(const struct world *world, const struct model_dep *dep)
{
    uint32_t log = 0;
    while (log < world->set.log_count && memcmp(world->set.logs[log].id, dep->log8, 8) != 0) {
        log++;
    }
    return log;
}

static void tell_event(const struct world *world, const struct model_event *event, FILE *out)
{
    const struct model_log *log = &world->set.logs[event->log];
    long long minutes = ((long long)event->t - (long long)WORLD_FOUNDED_MS) / 60000;
    fprintf(out, "  %u/%llu%s t%+lldm", event->log, (unsigned long long)event->seq,
            event->seq > log->held ? " (not held)" : "", minutes);
    for (uint32_t i = 0; i < event->dep_count; i++) {
        const struct model_dep *dep = &event->deps[i];
        fprintf(out, " %u:%llu%s", log_of_dep(world, dep), (unsigned long long)dep->seq,
                dep->is_pin ? "!" : "");
    }
    fprintf(out, "; kind %u%s%s", event->kind, event->is_malformed ? " malformed" : "",
            event->is_withheld ? " withheld" : "");
    for (uint32_t i = 0; i < event->op_count; i++) {
        tell_op(&event->ops[i], out);
    }
    if (event->kind == 2 && log->shelf == 0 && !event->is_malformed) {
        tell_fact(event, out);
    }
    fputc('\n', out);
}

void world_tell(struct world *world, FILE *out)
{
    fprintf(out, "founders: devices 0..%u\n", world->founder_count - 1);
    for (uint32_t log = 0; log < world->set.log_count; log++) {
        fputs("  ", out);
        tell_log_name(world, log, out);
        fprintf(out, " id %02x%02x, held %llu%s\n", world->set.logs[log].id[0],
                world->set.logs[log].id[1], (unsigned long long)world->set.logs[log].held,
                world->set.logs[log].is_frozen ? ", frozen" : "");
    }
    if (world->has_fork) {
        fprintf(out, "  log %u has another branch after %llu\n", world->fork_log,
                (unsigned long long)world->fork_point);
    }
    for (uint32_t i = 0; i < world->set.event_count; i++) {
        tell_event(world, &world->set.events[i], out);
    }
}
