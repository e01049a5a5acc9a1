#include "tests/unit/manager/scratch.h"

#include "services/manager-api/link/watch.h"

#include <fcntl.h>
#include <sys/un.h>
#include <sys/socket.h>

#define STATE(name, seq)                                                                           \
    "{\"state\":\"" name "\",\"spki_sha256\":"                                                     \
    "\"8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a\",\"seq\":" #seq           \
    ",\"pin\":\"sha256//glTDKakoUPbVOd03b0gW7idkUX2l4CNVFK9DMWRIDXo=\"}"
#define EVENT(id) "{\"id\":" #id ",\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"run\"}\n"

static void a_new_state_is_heard_once(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_WATCH_NEWS first = {0};
    OWNED_WATCH_NEWS second = {0};
    OWNED_WATCH_NEWS third = {0};
    struct watch watch = {0};

    (void)state;
    put(&dir, "state.json", STATE("Idle", 1));
    watch_look(&watch, dir.path, 1, &first);
    assert_true(first.heard);
    assert_int_equal(first.state.state, STATE_IDLE);
    watch_look(&watch, dir.path, 2, &second);
    assert_false(second.heard);
    put(&dir, "state.json", STATE("Running", 2));
    watch_look(&watch, dir.path, 3, &third);
    assert_true(third.heard);
    assert_int_equal(third.state.state, STATE_RUNNING);
}

static void a_bad_state_is_a_problem_and_no_violation(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_WATCH_NEWS news = {0};
    struct watch watch = {0};

    (void)state;
    put(&dir, "state.json", "\x1b[31m{");
    watch_look(&watch, dir.path, 1, &news);
    assert_false(news.heard);
    assert_string_not_equal(news.problem, "");
    assert_null(strchr(news.problem, '\x1b'));
    assert_string_equal(news.violation, "");
}

static void check_problem(const struct scratch *dir)
{
    OWNED_WATCH_NEWS news = {0};
    struct watch watch = {0};

    watch_look(&watch, dir->path, 1, &news);
    assert_false(news.heard);
    assert_string_not_equal(news.problem, "");
    unlink(in(dir, "state.json"));
}

static void links_pipes_and_sockets_are_not_opened(void **state)
{
    SCRATCH dir = scratch_new();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    put(&dir, "real", STATE("Idle", 1));
    assert_int_equal(symlink("real", in(&dir, "state.json")), 0);
    check_problem(&dir);
    assert_int_equal(symlink("/etc/passwd", in(&dir, "state.json")), 0);
    check_problem(&dir);
    assert_int_equal(mkfifo(in(&dir, "state.json"), 0666), 0);
    check_problem(&dir);
    set_text(address.sun_path, in(&dir, "state.json"));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    check_problem(&dir);
    close(fd);
}

static void a_missing_share_is_a_problem(void **state)
{
    OWNED_WATCH_NEWS news = {0};
    struct watch watch = {0};

    (void)state;
    watch_look(&watch, "/nonexistent/out", 1, &news);
    assert_string_not_equal(news.problem, "");
}

static void check_violation(const struct scratch *dir, const char *words)
{
    OWNED_WATCH_NEWS news = {0};
    struct watch watch = {0};

    watch_look(&watch, dir->path, 1, &news);
    if (strstr(news.violation, words) == NULL)
        fail_msg("'%s' does not say '%s'", news.violation, words);
    assert_false(news.heard);
}

static void too_much_is_a_violation(void **state)
{
    SCRATCH dir = scratch_new();
    int fd;

    (void)state;
    put(&dir, "state.json", STATE("Idle", 1));
    fd = open(in(&dir, "big"), O_CREAT | O_WRONLY, 0644);
    assert_int_equal(ftruncate(fd, (off_t)WATCH_BYTES_MAX), 0);
    close(fd);
    check_violation(&dir, "16 MiB");
}

/* 9 MiB with a name and 9 MiB without one; the test is the process that holds them. */
static void what_was_removed_and_is_still_open_counts(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_WATCH_NEWS before = {0};
    OWNED_WATCH_NEWS news = {0};
    struct watch watch = {.process = getpid()};
    OWNED(close_fd) int named = open(in(&dir, "a"), O_CREAT | O_WRONLY, 0644);
    OWNED(close_fd) int removed = open(in(&dir, "b"), O_CREAT | O_WRONLY, 0644);

    (void)state;
    put(&dir, "state.json", STATE("Idle", 1));
    assert_int_equal(ftruncate(named, (off_t)(9 * MIB)), 0);
    assert_int_equal(unlink(in(&dir, "b")), 0);
    watch_look(&watch, dir.path, 1, &before);
    assert_string_equal(before.violation, "");
    assert_int_equal(ftruncate(removed, (off_t)(9 * MIB)), 0);
    watch_look(&watch, dir.path, 2, &news);
    assert_non_null(strstr(news.violation, "16 MiB"));
}

static void many_removed_files_that_are_open_are_a_violation(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_WATCH_NEWS news = {0};
    struct watch watch = {.process = getpid()};
    int fds[WATCH_NAMES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = open(in(&dir, "a"), O_CREAT | O_WRONLY, 0644);
        assert_int_equal(unlink(in(&dir, "a")), 0);
    }
    watch_look(&watch, dir.path, 1, &news);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    assert_non_null(strstr(news.violation, "64 files open"));
}

static void a_process_that_is_gone_hides_nothing(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_WATCH_NEWS news = {0};
    struct watch watch = {.process = (1 << 22) - 1};

    (void)state;
    put(&dir, "state.json", STATE("Idle", 1));
    watch_look(&watch, dir.path, 1, &news);
    assert_true(news.heard);
    assert_false(news.blind);
    assert_string_equal(news.violation, "");
}

static void many_small_files_are_a_violation(void **state)
{
    SCRATCH dir = scratch_new();
    char name[32];

    (void)state;
    for (int i = 0; i <= WATCH_NAMES_MAX; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        put(&dir, name, "");
    }
    check_violation(&dir, "64 files");
}

static void a_directory_is_a_violation(void **state)
{
    SCRATCH dir = scratch_new();

    (void)state;
    assert_int_equal(mkdir(in(&dir, "deep"), 0755), 0);
    check_violation(&dir, "directory");
}

static void a_state_over_its_ceiling_is_a_problem(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_BUF text = BUF_OF(1 * MIB);

    (void)state;
    buf_printf(&text, "{\"x\":\"%0*d\"}", (int)SHARE_STATE_MAX, 1);
    put(&dir, "state.json", buf_str(&text));
    check_problem(&dir);
}

static void events_are_told_once_and_in_order(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_WATCH_NEWS first = {0};
    OWNED_WATCH_NEWS second = {0};
    struct watch watch = {0};

    (void)state;
    put(&dir, "events.ndjson", EVENT(1) EVENT(2));
    watch_look(&watch, dir.path, 1, &first);
    assert_int_equal(first.event_count, 2);
    assert_int_equal(first.events[1].id, 2);
    put(&dir, "events.ndjson", EVENT(2) "garbage\n" EVENT(3) EVENT(1) EVENT(4));
    watch_look(&watch, dir.path, 2, &second);
    assert_int_equal(second.event_count, 2);
    assert_int_equal(second.events[0].id, 3);
    assert_int_equal(second.events[1].id, 4);
    assert_int_equal(second.dropped, 1);
}

static void write_events(const struct scratch *dir, unsigned from, unsigned count)
{
    OWNED_BUF text = BUF_OF(1 * MIB);

    for (unsigned i = 0; i < count; i++)
        buf_printf(&text, "{\"id\":%u,\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"run\"}\n",
                   from + i);
    put(dir, "events.ndjson", buf_str(&text));
}

static void a_flood_of_events_is_cut(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_WATCH_NEWS first = {0};
    OWNED_WATCH_NEWS second = {0};
    OWNED_WATCH_NEWS third = {0};
    struct watch watch = {0};

    (void)state;
    write_events(&dir, 1, 500);
    watch_look(&watch, dir.path, 1000, &first);
    assert_int_equal(first.event_count, WATCH_EVENTS_BURST);
    assert_int_equal(first.dropped, 500 - WATCH_EVENTS_BURST);
    write_events(&dir, 501, 500);
    watch_look(&watch, dir.path, 1000 + 4 * WATCH_EVENT_MS, &second);
    assert_int_equal(second.event_count, 4);
    write_events(&dir, 1001, 500);
    watch_look(&watch, dir.path, 1000000, &third);
    assert_int_equal(third.event_count, WATCH_EVENTS_BURST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_state_is_heard_once),
        cmocka_unit_test(a_bad_state_is_a_problem_and_no_violation),
        cmocka_unit_test(links_pipes_and_sockets_are_not_opened),
        cmocka_unit_test(a_missing_share_is_a_problem),
        cmocka_unit_test(too_much_is_a_violation),
        cmocka_unit_test(what_was_removed_and_is_still_open_counts),
        cmocka_unit_test(many_removed_files_that_are_open_are_a_violation),
        cmocka_unit_test(a_process_that_is_gone_hides_nothing),
        cmocka_unit_test(many_small_files_are_a_violation),
        cmocka_unit_test(a_directory_is_a_violation),
        cmocka_unit_test(a_state_over_its_ceiling_is_a_problem),
        cmocka_unit_test(events_are_told_once_and_in_order),
        cmocka_unit_test(a_flood_of_events_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
