/* What the keeper answers to a process, also to one that was taken over. */
#include "tests/unit/unit.h"

#include "lib/base/file.h"
#include "services/agent-api/keeper/keeper_parts.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S                                                                                 \
    20 /* the test is ended then: the keeper waits for somebody who does not read                  \
        */

struct world {
    struct keeper keeper;
    struct layers *layers;
    struct key *root; /* of the stand-in platform */
    struct post post;
    int worker; /* its end */
};

static void world_make(struct world *w)
{
    const uint8_t uds[DICE_CDI_SIZE] = {3};
    const struct dice_input input = {.config = span_of_str("boot"), .mode = DICE_NORMAL};
    struct desk_config config = {.sysfs = "/no/such/place", .attesters = {&attester_sim}};
    int pair[2];
    struct err err;

    *w = (struct world){.post.state = BUF_OF(PACT_TEXT_MAX), .post.chain = BUF_OF(64)};
    assert_ok(key_generate(KEY_P384, 0, &w->root, &err));
    config.places.sim_key = w->root;
    assert_ok(layers_make(uds, &input, &input, &w->layers, &err));
    w->keeper.layers = w->layers;
    w->keeper.desk = desk_new(&config);
    assert_ok(desk_measure_config(w->keeper.desk, uds, &err));
    w->keeper.present = &w->post;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    w->post.socket = pair[0];
    w->worker = pair[1];
    assert_int_equal(fcntl(w->post.socket, F_SETFL, O_NONBLOCK), 0);
}

static void world_done(struct world *w)
{
    task_done(&w->keeper.next);
    desk_free(w->keeper.desk);
    layers_free(w->layers);
    key_free(w->root);
    buf_done(&w->post.state);
    buf_done(&w->post.chain);
    close_fd(&w->post.socket);
    close_fd(&w->worker);
}
#define OWNED_WORLD __attribute__((cleanup(world_done))) struct world

static void tell(struct world *w, const struct pact_record *record, int fd)
{
    struct err err;

    assert_ok(pact_send(w->worker, record, sizeof(*record), span_of(NULL, 0), fd, &err));
    keeper_hear(&w->keeper, &w->post);
}

/* expected: ERR_NONE for none. */
static void expect(struct world *w, const struct pact_record *record, int fd,
                   enum err_kind expected)
{
    OWNED(close_fd) int file = -1;
    struct pact_answer answer;
    struct err err;
    size_t len;

    tell(w, record, fd);
    assert_ok(pact_receive(w->worker, &answer, sizeof(answer), &len, &file, &err));
    assert_int_equal(len, sizeof(answer));
    if (answer.failure.kind != (uint32_t)expected)
        fail_msg("expected %d, got %u: %s", expected, answer.failure.kind, answer.failure.text);
}

static void expect_kind(struct world *w, enum pact_kind kind, enum err_kind expected)
{
    expect(w, &(struct pact_record){.kind = kind, .ask.boot = kind == PACT_ASK}, -1, expected);
}

static void offer(struct world *w, const char *text, const char *hashed, enum err_kind expected)
{
    struct pact_record record = {.kind = PACT_MANIFEST};
    OWNED(close_fd) int fd = -1;
    struct err err;

    digest_of(DIGEST_SHA256, span_of_str(hashed), record.manifest_sha256);
    assert_ok(pact_make_file(span_of_str(text), &fd, &err));
    expect(w, &record, fd, expected);
}

static void who_handed_a_manifest_over_gets_no_evidence_that_names_it(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    expect_kind(&w, PACT_ASK, ERR_NONE);
    offer(&w, "{}", "{}", ERR_NONE);
    expect_kind(&w, PACT_ASK, ERR_STATE);
    offer(&w, "{}", "{}", ERR_STATE);
}

static void a_manifest_under_another_digest_is_not_measured(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    offer(&w, "{}", "{ }", ERR_INPUT);
    assert_false(w.keeper.has_next);
    expect_kind(&w, PACT_ASK, ERR_NONE);
}

static void what_failed_takes_no_manifest(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    failure_set(&w.post.task.failure, FAILURE_CONFIG, "", "why");
    offer(&w, "{}", "{}", ERR_STATE);
    w.post.task.failure.kind = FAILURE_NONE;
    w.post.task.set = true;
    offer(&w, "{}", "{}", ERR_STATE);
    assert_false(w.keeper.has_next);
}

static void nobody_passes_on_while_all_of_it_ends(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    w.keeper.ending = true;
    offer(&w, "{}", "{}", ERR_UNAVAILABLE);
    expect_kind(&w, PACT_LEAVE, ERR_UNAVAILABLE);
    assert_ptr_equal(w.keeper.present, &w.post);
}

static void a_state_that_nobody_told_is_not_there(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    expect_kind(&w, PACT_STATE_OF, ERR_UNAVAILABLE);
    buf_add_str(&w.post.state, "{}");
    expect_kind(&w, PACT_STATE_OF, ERR_NONE);
    w.keeper.present = NULL;
    expect_kind(&w, PACT_STATE_OF, ERR_UNAVAILABLE);
    expect_kind(&w, PACT_LEAVE, ERR_STATE);
}

static void who_asks_and_does_not_read_is_ended(void **state)
{
    const struct pact_record record = {.kind = PACT_STATE_OF};
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    alarm(PATIENCE_S);
    while (w.post.socket >= 0)
        tell(&w, &record, -1);
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_handed_a_manifest_over_gets_no_evidence_that_names_it),
        cmocka_unit_test(a_manifest_under_another_digest_is_not_measured),
        cmocka_unit_test(what_failed_takes_no_manifest),
        cmocka_unit_test(nobody_passes_on_while_all_of_it_ends),
        cmocka_unit_test(a_state_that_nobody_told_is_not_there),
        cmocka_unit_test(who_asks_and_does_not_read_is_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
