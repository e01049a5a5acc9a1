#include "tests/unit/agent/fake_keeper.h"

#include <unistd.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static struct line *busy_line;
static atomic_uint answered, refused;

static void *ask_thread(void *arg)
{
    const struct pact_ask ask = {.boot = 1};
    OWNED_BUF text = BUF_OF(64);
    struct err err;

    (void)arg;
    if (line_ask(busy_line, &ask, false, &text, &err) == 0)
        atomic_fetch_add(&answered, 1);
    else if (err.kind == ERR_TOO_MANY)
        atomic_fetch_add(&refused, 1);
    return NULL;
}

static void until_there_wait(unsigned count)
{
    while (line_waiting(busy_line) < count)
        usleep(1000);
}

static void eight_may_wait_and_the_rest_is_sent_away(void **state)
{
    struct fake_keeper keeper = {.gate = &gate};
    pthread_t threads[12];

    (void)state;
    pthread_mutex_lock(&gate);
    busy_line = fake_keeper_start(&keeper);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_create(&threads[i], NULL, ask_thread, NULL);
    while (atomic_load(&refused) < COUNT_OF(threads) - LINE_QUEUE_MAX - 1)
        usleep(1000);
    until_there_wait(LINE_QUEUE_MAX);
    assert_true(atomic_load(&keeper.told[PACT_ASK]) <= 1);
    assert_int_equal(atomic_load(&answered), 0);
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&answered), LINE_QUEUE_MAX + 1);
    assert_int_equal(atomic_load(&refused), COUNT_OF(threads) - LINE_QUEUE_MAX - 1);
    assert_int_equal(atomic_load(&keeper.told[PACT_ASK]), LINE_QUEUE_MAX + 1);
    fake_keeper_stop(&keeper, busy_line);
}

static void *leave_thread(void *arg)
{
    struct err err;

    (void)arg;
    return line_leave(busy_line, &err) == 0 ? arg : NULL;
}

static void a_passage_waits_for_nobody_who_waits(void **state)
{
    struct fake_keeper keeper = {.gate = &gate};
    pthread_t threads[LINE_QUEUE_MAX], leaves;
    void *left;

    (void)state;
    pthread_mutex_lock(&gate);
    busy_line = fake_keeper_start(&keeper);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_create(&threads[i], NULL, ask_thread, NULL);
    until_there_wait(LINE_QUEUE_MAX - 1);
    pthread_create(&leaves, NULL, leave_thread, &keeper);
    until_there_wait(LINE_QUEUE_MAX);
    pthread_mutex_unlock(&gate);
    pthread_join(leaves, &left);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_non_null(left);
    assert_int_equal(atomic_load(&keeper.asked_before_leave), 1);
    assert_int_equal(atomic_load(&keeper.told[PACT_ASK]), LINE_QUEUE_MAX);
    fake_keeper_stop(&keeper, busy_line);
}

static void what_the_keeper_refuses_is_refused(void **state)
{
    struct fake_keeper keeper = {.text = "bundle"};
    struct line *line;
    const uint8_t sha256[SHA256_SIZE] = {1};
    OWNED_BUF text = BUF_OF(64);
    struct err err;

    (void)state;
    (void)!err_set(&keeper.refusal, ERR_STATE, "a manifest is set already");
    line = fake_keeper_start(&keeper);
    assert_fails(line_offer(line, span_of_str("{}"), sha256, &err), ERR_STATE);
    assert_string_equal(err.text, "a manifest is set already");
    assert_fails(line_leave(line, &err), ERR_STATE);
    assert_fails(line_read_state(line, &text, &err), ERR_STATE);
    assert_fails(line_ask(line, &(struct pact_ask){.boot = 1}, true, &text, &err), ERR_STATE);
    assert_int_equal(text.len, 0);
    fake_keeper_stop(&keeper, line);
}

static void a_challenge_longer_than_any_is_refused_here(void **state)
{
    struct fake_keeper keeper = {.text = NULL};
    struct line *line = fake_keeper_start(&keeper);
    uint8_t bytes[PACT_CHALLENGE_MAX + 1] = {7, 7};
    OWNED_BUF secret = BUF_OF(PACT_CREDENTIAL_MAX);
    struct err err;

    (void)state;
    assert_fails(line_activate(line, SPAN_OF_ARRAY(bytes), span_of("x", 1), &secret, &err),
                 ERR_INPUT);
    assert_fails(line_activate(line, span_of("x", 1), SPAN_OF_ARRAY(bytes), &secret, &err),
                 ERR_INPUT);
    assert_int_equal(atomic_load(&keeper.told[PACT_ACTIVATE]), 0);
    assert_ok(line_activate(line, span_of(bytes, 2), span_of("x", 1), &secret, &err));
    assert_true(span_equal(buf_span(&secret), span_of(bytes, 2)));
    assert_fails(line_activate(line, span_of(bytes, 1000), span_of("x", 1), &secret, &err),
                 ERR_INTERNAL); /* the answer says that it is longer than it can be */
    fake_keeper_stop(&keeper, line);
}

static void what_is_told_and_offered_arrives(void **state)
{
    struct fake_keeper keeper = {.text = "{\"state\":1}"};
    struct line *line = fake_keeper_start(&keeper);
    const uint8_t sha256[SHA256_SIZE] = {1};
    OWNED_BUF text = BUF_OF(64), longest = BUF_OF(MIB);
    struct err err;

    (void)state;
    for (size_t i = 0; i <= PACT_TEXT_MAX; i++)
        buf_add_u8(&longest, 'x');
    line_tell(line, PACT_STATE, buf_span(&longest)); /* left out */
    line_tell(line, PACT_EVENT, span_of_str("{}"));
    (void)!err_set(&err, ERR_SYSTEM, "broken");
    line_tell_broken(line, &err);
    assert_ok(line_read_state(line, &text, &err));
    assert_string_equal(buf_str(&text), keeper.text);
    assert_int_equal(atomic_load(&keeper.told[PACT_STATE]), 0);
    assert_int_equal(atomic_load(&keeper.told[PACT_EVENT]), 1);
    assert_int_equal(atomic_load(&keeper.told[PACT_BROKEN]), 1);
    assert_ok(line_offer(line, span_of_str("a manifest"), sha256, &err));
    assert_string_equal(buf_str(&keeper.last), "a manifest");
    fake_keeper_stop(&keeper, line);
}

static void a_keeper_that_is_gone_answers_nothing(void **state)
{
    struct pact_secret secret;
    struct line *line;
    int pair[2];
    struct err err;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    line = line_new(pair[1]);
    close(pair[0]);
    assert_fails(line_read_secret(line, &secret, &err), ERR_INPUT);
    assert_fails(line_leave(line, &err), ERR_UNAVAILABLE);
    line_tell(line, PACT_READY, span_of(NULL, 0));
    line_free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keeper_that_is_gone_answers_nothing),
        cmocka_unit_test(what_the_keeper_refuses_is_refused),
        cmocka_unit_test(a_challenge_longer_than_any_is_refused_here),
        cmocka_unit_test(eight_may_wait_and_the_rest_is_sent_away),
        cmocka_unit_test(a_passage_waits_for_nobody_who_waits),
        cmocka_unit_test(what_is_told_and_offered_arrives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
