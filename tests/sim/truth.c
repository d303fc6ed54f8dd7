/*
 * truth.c - what must hold once everybody has met everybody; see sim.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/verify.h"
#include "tests/sim/sim.h"

/* A snapshot of both files. */
struct look {
    struct lum_txn *log;
    struct lum_txn *view;
};

static struct look look_begin(struct sim_node *node)
{
    struct look look;
    sim_must(node,
             lum_txn_begin_read(lum_space_log(node->site.space), &look.log, &node->site.error));
    sim_must(node,
             lum_txn_begin_read(lum_space_view(node->site.space), &look.view, &node->site.error));
    return look;
}

static void look_end(struct look look)
{
    lum_txn_abort(look.log);
    lum_txn_abort(look.view);
}

bool sim_all_equal(struct sim *sim)
{
    uint8_t fronts[SIM_NODES][2][16];
    for (uint32_t i = 0; i < sim->count; i++) {
        struct sim_node *node = &sim->nodes[i];
        if (!sim_is_welcome(node)) {
            if (sim_answers(&sim->nodes[0], node)) {
                return false;
            }
            continue; /* whose invite went down with the founder's machine */
        }
        struct lum_txn *txn = NULL;
        sim_must(node,
                 lum_txn_begin_read(lum_space_log(node->site.space), &txn, &node->site.error));
        sim_must(node, lum_log_frontier(txn, LUM_SHELF_GOV, fronts[i][0]));
        sim_must(node, lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[i][1]));
        lum_txn_abort(txn);
        if (memcmp(fronts[0], fronts[i], sizeof fronts[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* ---- conflicts ---- */

static void name_of(struct look look, uint32_t number, char out[65])
{
    struct lum_bytes name = lum_view_name_text(look.view, number);
    assert_true(name.len < 65);
    memcpy(out, name.at, name.len);
    out[name.len] = '\0';
}

static struct lum_id id_of(struct sim_node *node, struct look look, uint64_t rno)
{
    struct lum_arena arena;
    struct lum_record record;
    lum_arena_init(&arena);
    sim_must(node, lum_view_record(look.view, rno, &arena, &record));
    lum_arena_fini(&arena);
    return record.id;
}

bool sim_some_conflict(struct sim_node *node, struct lum_id *record, char field[65])
{
    struct look look = look_begin(node);
    struct lum_view_conflict row = {0};
    struct lum_view_conflict found = {0};
    uint32_t cells = 0;
    while (lum_view_conflict_next(look.view, &row) == LUM_OK) {
        if (row.kind == LUM_CONFLICT_CELL && sim_draw(node->sim, ++cells) == 0) {
            found = row;
        }
    }
    if (cells > 0) {
        *record = id_of(node, look, found.rno);
        name_of(look, found.field, field);
    }
    look_end(look);
    return cells > 0;
}

/* What the list says, whatever the order in which record and name numbers were given. */
static void conflicts_of(struct sim_node *node, uint8_t sum[32])
{
    struct look look = look_begin(node);
    struct lum_view_conflict row = {0};
    memset(sum, 0, 32);
    while (lum_view_conflict_next(look.view, &row) == LUM_OK) {
        char field[65] = "";
        uint8_t hash[32];
        struct lum_plain_hasher hasher;
        struct lum_id id = id_of(node, look, row.rno);
        if (row.kind == LUM_CONFLICT_CELL) {
            SIM_SEES(node->sim, conflict);
            name_of(look, row.field, field);
        } else {
            SIM_SEES(node->sim, revived);
        }
        lum_plain_hash_init(&hasher);
        lum_plain_hash_add(&hasher, id.b, sizeof id.b);
        lum_plain_hash_add(&hasher, &row.kind, 1);
        lum_plain_hash_add(&hasher, &row.number, sizeof row.number);
        lum_plain_hash_add(&hasher, field, strlen(field));
        lum_plain_hash_end(&hasher, hash);
        for (size_t i = 0; i < sizeof hash; i++) {
            sum[i] ^= hash[i];
        }
    }
    look_end(look);
}

/* ---- one node ---- */

static void check_files(struct sim_node *node)
{
    struct lum_verify_report report = {0};
    struct look look = look_begin(node);
    sim_must(node, lum_verify_log(look.log, NULL, &report));
    if (report.found > 0) {
        fail_msg("%s: verify: %s of log %u at %llu: %s", node->name, report.findings[0].table,
                 (unsigned)report.findings[0].lno, (unsigned long long)report.findings[0].at,
                 report.findings[0].what);
    }
    look_end(look);
    site_check(&node->site);
    if (site_frozen(&node->site) != 0) {
        fail_msg("%s holds a forked log, and nobody forged one", node->name);
    }
}

static bool is_same_root(const struct lum_hash *a, const struct lum_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* The view made anew, and after a start, says the same. */
static void check_again(struct sim_node *node, const struct lum_hash *root)
{
    sim_must(node, lum_space_rebuild(node->site.space, NULL, &node->site.error));
    struct lum_hash anew = site_root(&node->site);
    site_close(&node->site);
    site_open(&node->site);
    (void)site_settle(&node->site);
    struct lum_hash opened = site_root(&node->site);
    if (!is_same_root(&anew, root) || !is_same_root(&opened, root)) {
        fail_msg("%s: the view made anew says otherwise", node->name);
    }
}

void sim_check(struct sim *sim)
{
    struct lum_hash first = {{0}};
    uint8_t conflicts[2][32];
    for (uint32_t i = 0; i < sim->count; i++) {
        struct sim_node *node = &sim->nodes[i];
        if (!sim_is_welcome(node)) {
            continue;
        }
        (void)site_settle(&node->site);
        struct lum_hash root = site_root(&node->site);
        first = i == 0 ? root : first;
        conflicts_of(node, conflicts[i == 0 ? 0 : 1]);
        if (!is_same_root(&root, &first)) {
            fail_msg("%s and %s hold the same and see two states", sim->nodes[0].name, node->name);
        }
        if (i > 0 && memcmp(conflicts[0], conflicts[1], sizeof conflicts[0]) != 0) {
            fail_msg("%s and %s list different conflicts", sim->nodes[0].name, node->name);
        }
        if (site_counts(&node->site).waiting > 0 && !sim_ledger_has_lost(&sim->ledger)) {
            fail_msg("%s waits for what nobody lacks", node->name);
        }
        check_files(node);
        sim_harvest(node);
    }
    sim_ledger_check(sim);
    sim_hash(sim, first.b, sizeof first.b);
    sim_hash(sim, conflicts[0], sizeof conflicts[0]);
    struct sim_node *node = &sim->nodes[sim_draw(sim, sim->count)];
    if (sim_is_welcome(node)) {
        link_remove(sim->net, node->at);
        check_again(node, &first);
        node->at = link_add(sim->net, &node->site, node->name);
    }
}
