#include "tests/unit/unit.h"

#include "lib/json/json.h"
#include "services/agent-api/link/outbox.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/cocos-outbox-XXXXXX";
static char out[64];

static int make_dir(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(out, sizeof(out), "%s/out", dir);
    return mkdir(out, 0755);
}

static int remove_dir(void **state)
{
    struct err err;

    (void)state;
    return file_remove_tree(dir, &err);
}

static struct json *read_state(void)
{
    OWNED(free_str) char *path = mem_printf("%s/state.json", out);
    OWNED_BUF text = BUF_OF(1 * MIB);
    struct json *json = NULL;
    struct err err;

    if (file_read(path, &text, &err) < 0)
        return NULL;
    assert_ok(json_parse(buf_span(&text), &json, &err));
    return json;
}

static void await_word(const char *word)
{
    for (int i = 0; i < 500; i++) {
        OWNED_JSON *json = read_state();

        if (json != NULL && strcmp(json_get_str(json, "state"), word) == 0)
            return;
        poll(NULL, 0, 10);
    }
    fail_msg("'%s' does not come out", word);
}

static void say(struct outbox *outbox, const char *word)
{
    OWNED(free_str) char *text = mem_printf("{\"state\":\"%s\"}", word);

    outbox_set_state(outbox, span_of_str(text), "sha256//pin");
}

static void changes_go_out_and_the_last_one_too(void **state)
{
    OWNED(free_str) char *path = mem_printf("%s/events.ndjson", out);
    struct outbox *outbox = NULL;
    OWNED_JSON *json = NULL;
    OWNED_BUF lines = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    assert_ok(outbox_start(dir, &outbox, &err));
    say(outbox, "first");
    await_word("first");
    say(outbox, "second");
    outbox_add_event(outbox, span_of_str("{\"type\":\"run\"}"));
    outbox_stop(outbox);

    assert_ok(file_read(path, &lines, &err));
    assert_string_equal(buf_str(&lines), "{\"type\":\"run\"}\n");
    json = read_state();
    assert_string_equal(json_get_str(json, "state"), "second");
    assert_string_equal(json_get_str(json, "pin"), "sha256//pin");
    assert_true(json_get_int(json, "seq") >= 2);
    assert_non_null(json_get_str(json, "time"));
}

static void a_directory_that_is_not_there_is_said(void **state)
{
    struct outbox *outbox = NULL;
    struct err err;

    (void)state;
    assert_fails(outbox_start("/tmp/cocos-no-such", &outbox, &err), ERR_SYSTEM);
    outbox_set_state(NULL, span_of_str("{\"a\":1}"), "");
    outbox_add_event(NULL, span_of_str("{}"));
    outbox_stop(NULL);
}

/* Texts come from a process that strangers speak with. */
static void what_is_no_state_and_no_line_does_not_go_out(void **state)
{
    OWNED(free_str) char *path = mem_printf("%s/events.ndjson", out);
    OWNED_BUF lines = BUF_OF(64 * KIB), longest = BUF_OF(2 * MIB);
    struct outbox *outbox = NULL;
    OWNED_JSON *json = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < OUTBOX_EVENTS_MAX; i++)
        buf_add_u8(&longest, '{');
    assert_ok(outbox_start(dir, &outbox, &err));
    say(outbox, "good");
    outbox_set_state(outbox, span_of_str(""), "");
    outbox_set_state(outbox, span_of_str("{}"), "");
    outbox_set_state(outbox, span_of_str("[1]"), "");
    outbox_set_state(outbox, buf_span(&longest), "");
    outbox_add_event(outbox, span_of_str("{\"a\":1}"));
    outbox_add_event(outbox, span_of_str(""));
    outbox_add_event(outbox, span_of_str("{\n}"));
    outbox_add_event(outbox, buf_span(&longest));
    outbox_stop(outbox);
    json = read_state();
    assert_string_equal(json_get_str(json, "state"), "good");
    assert_ok(file_read(path, &lines, &err));
    assert_string_equal(buf_str(&lines), "{\"a\":1}\n");
}

static void the_oldest_events_go_first(void **state)
{
    OWNED(free_str) char *path = mem_printf("%s/events.ndjson", out);
    OWNED_BUF lines = BUF_OF(4 * MIB);
    struct outbox *outbox = NULL;
    size_t count = 0;
    struct err err;

    (void)state;
    assert_ok(outbox_start(dir, &outbox, &err));
    for (int i = 0; i < OUTBOX_EVENTS_KEPT + 7; i++) {
        OWNED(free_str) char *line = mem_printf("{\"id\":%d}", i);

        outbox_add_event(outbox, span_of_str(line));
    }
    outbox_stop(outbox);
    assert_ok(file_read(path, &lines, &err));
    assert_true(text_starts_with(buf_str(&lines), "{\"id\":7}\n"));
    for (size_t i = 0; i < lines.len; i++)
        count += lines.data[i] == '\n';
    assert_int_equal(count, OUTBOX_EVENTS_KEPT);
}

static void events_over_the_ceiling_lose_the_oldest(void **state)
{
    OWNED(free_str) char *path = mem_printf("%s/events.ndjson", out);
    OWNED_BUF lines = BUF_OF(4 * MIB);
    struct outbox *outbox = NULL;
    char filler[2001] = "";
    struct err err;

    (void)state;
    memset(filler, 'x', sizeof(filler) - 1);
    assert_ok(outbox_start(dir, &outbox, &err));
    for (int i = 0; i < OUTBOX_EVENTS_KEPT; i++)
        outbox_add_event(outbox, span_of_str(filler));
    outbox_add_event(outbox, span_of_str("last"));
    outbox_stop(outbox);
    assert_ok(file_read(path, &lines, &err));
    assert_true(lines.len <= OUTBOX_EVENTS_MAX && lines.len > OUTBOX_EVENTS_MAX - 4096);
    assert_string_equal(buf_str(&lines) + lines.len - 5, "last\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_go_out_and_the_last_one_too),
        cmocka_unit_test(a_directory_that_is_not_there_is_said),
        cmocka_unit_test(what_is_no_state_and_no_line_does_not_go_out),
        cmocka_unit_test(the_oldest_events_go_first),
        cmocka_unit_test(events_over_the_ceiling_lose_the_oldest),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
