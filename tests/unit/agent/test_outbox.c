#include "tests/unit/unit.h"

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

static struct json *encode(void *ctx)
{
    struct json *json = json_new_object();

    json_set_str(json, "state", *(const char **)ctx);
    return json;
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

static void changes_go_out_and_the_last_one_too(void **state)
{
    const char *word = "first";
    OWNED_OF(event_log) *events = event_log_new(10, NULL, NULL);
    struct outbox_config config = {dir, encode, &word, events, "sha256//pin"};
    OWNED(free_str) char *path = mem_printf("%s/events.ndjson", out);
    struct outbox *outbox = NULL;
    OWNED_JSON *json = NULL;
    OWNED_BUF lines = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    assert_ok(outbox_start(&config, &outbox, &err));
    await_word("first");
    event_log_add(events, 5, "run", "c", NULL);
    outbox_stop(outbox);

    assert_ok(file_read(path, &lines, &err));
    assert_non_null(strstr(buf_str(&lines), "\"type\":\"run\""));
    json = read_state();
    assert_string_equal(json_get_str(json, "pin"), "sha256//pin");
    assert_true(json_get_int(json, "seq") >= 2);
    assert_non_null(json_get_str(json, "time"));
}

static void a_directory_that_is_not_there_is_said(void **state)
{
    OWNED_OF(event_log) *events = event_log_new(10, NULL, NULL);
    struct outbox_config config = {"/tmp/cocos-no-such", encode, NULL, events, ""};
    struct outbox *outbox = NULL;
    struct err err;

    (void)state;
    assert_fails(outbox_start(&config, &outbox, &err), ERR_SYSTEM);
    outbox_wake(NULL);
    outbox_stop(NULL);
}

static void events_over_the_ceiling_lose_the_oldest(void **state)
{
    const char *word = "many";
    OWNED_OF(event_log) *events = event_log_new(1000, NULL, NULL);
    struct outbox_config config = {dir, encode, &word, events, ""};
    OWNED(free_str) char *path = mem_printf("%s/events.ndjson", out);
    struct outbox *outbox = NULL;
    OWNED_BUF lines = BUF_OF(4 * MIB);
    struct json *first = NULL;
    char filler[2000] = "";
    struct err err;

    (void)state;
    memset(filler, 'x', sizeof(filler) - 1);
    for (int i = 0; i < 1000; i++) {
        struct json *data = json_new_object();

        json_set_str(data, "filler", filler);
        event_log_add(events, 5, "run", "c", data);
    }
    assert_ok(outbox_start(&config, &outbox, &err));
    outbox_stop(outbox);
    assert_ok(file_read(path, &lines, &err));
    assert_true(lines.len <= OUTBOX_EVENTS_MAX && lines.len > OUTBOX_EVENTS_MAX - 4096);
    assert_ok(
        json_parse(span_of(lines.data, (size_t)(strchr(buf_str(&lines), '\n') - buf_str(&lines))),
                   &first, &err));
    assert_true(json_get_int(first, "id") > 1);
    json_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_go_out_and_the_last_one_too),
        cmocka_unit_test(a_directory_that_is_not_there_is_said),
        cmocka_unit_test(events_over_the_ceiling_lose_the_oldest),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
