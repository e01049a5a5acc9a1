#include "tests/unit/unit.h"

#include "services/agent-api/pact/pact.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t room[PACT_MESSAGE_MAX + 1];

/* A message of that record, and of what follows it. */
static struct span message_of(const struct pact_record *record, const char *text)
{
    memcpy(room, record, sizeof(*record));
    memcpy(room + sizeof(*record), text, strlen(text));
    return span_of(room, sizeof(*record) + strlen(text));
}

static void refuse(struct span message, bool has_fd)
{
    struct pact_record record;
    struct span text;
    struct err err;

    assert_fails(pact_parse(message, has_fd, &record, &text, &err), ERR_INPUT);
}

static void what_is_no_message_is_refused(void **state)
{
    struct pact_record record = {.kind = PACT_KIND_COUNT};
    struct span whole;

    (void)state;
    refuse(message_of(&record, ""), false);
    record.kind = PACT_READY;
    refuse(message_of(&record, "text"), false);
    refuse(message_of(&record, ""), true);
    record.kind = PACT_STATE;
    refuse(message_of(&record, ""), false);
    record.kind = PACT_MANIFEST;
    refuse(message_of(&record, ""), false);
    record.kind = PACT_STATE;
    whole = message_of(&record, "{}");
    for (size_t len = 0; len < sizeof(record); len++)
        refuse(span_of(whole.data, len), false);
    refuse(span_of(room, PACT_MESSAGE_MAX + 1), false);
}

static void records_that_contradict_themselves_are_refused(void **state)
{
    struct pact_record record = {.kind = PACT_ASK, .ask = {.boot = 2}};

    (void)state;
    refuse(message_of(&record, ""), false);
    record.ask = (struct pact_ask){.boot = 1, .channel = 1};
    refuse(message_of(&record, ""), false);
    record.ask = (struct pact_ask){.boot = 1, .client = 1};
    refuse(message_of(&record, ""), false);
    record.ask = (struct pact_ask){.legacy = 2};
    refuse(message_of(&record, ""), false);
    record.ask = (struct pact_ask){.legacy = 1, .boot = 1};
    refuse(message_of(&record, ""), false);
    record.ask = (struct pact_ask){.legacy = 1, .channel = 1};
    refuse(message_of(&record, ""), false);
    record = (struct pact_record){.kind = PACT_ACTIVATE};
    record.challenge.encrypted_len = PACT_CHALLENGE_MAX + 1;
    refuse(message_of(&record, ""), false);
    record = (struct pact_record){.kind = PACT_BROKEN};
    refuse(message_of(&record, ""), false); /* of what? */
    record.failure.kind = ERR_SYSTEM;
    memset(record.failure.text, 'x', sizeof(record.failure.text)); /* no end */
    refuse(message_of(&record, ""), false);
}

static void what_is_sent_arrives(void **state)
{
    struct pact_record record = {.kind = PACT_STATE}, got;
    OWNED_BUF text = BUF_OF(64);
    struct span said;
    int pair[2], fd, file;
    struct err err;
    size_t len;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_ok(pact_send(pair[0], &record, sizeof(record), span_of_str("{\"a\":1}"), -1, &err));
    assert_ok(pact_receive(pair[1], room, sizeof(room), &len, &fd, &err));
    assert_int_equal(fd, -1);
    assert_ok(pact_parse(span_of(room, len), false, &got, &said, &err));
    assert_true(span_equal(said, span_of_str("{\"a\":1}")));

    record.kind = PACT_MANIFEST;
    assert_ok(pact_make_file(span_of_str("manifest"), &file, &err));
    assert_ok(pact_send(pair[0], &record, sizeof(record), span_of(NULL, 0), file, &err));
    assert_ok(pact_receive(pair[1], room, sizeof(room), &len, &fd, &err));
    assert_ok(pact_parse(span_of(room, len), fd >= 0, &got, &said, &err));
    assert_ok(pact_read_file(fd, &text, &err));
    assert_string_equal(buf_str(&text), "manifest");
    close(fd);
    close(file);

    assert_ok(pact_send(pair[0], room, 100, span_of(NULL, 0), -1, &err));
    assert_fails(pact_receive(pair[1], room, 99, &len, &fd, &err), ERR_INPUT);
    close(pair[0]);
    assert_ok(pact_receive(pair[1], room, sizeof(room), &len, &fd, &err));
    assert_int_equal(len, 0);
    assert_fails(pact_send(pair[1], &record, sizeof(record), span_of(NULL, 0), -1, &err),
                 ERR_UNAVAILABLE);
    close(pair[1]);
}

static void more_than_one_descriptor_is_refused_and_closed(void **state)
{
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {room, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    int pair[2], next, before = dup(0), fd;
    struct err err;
    size_t len;

    (void)state;
    close(before);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    next = dup(0);
    close(next);
    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(&control.align), (int[]){0, 0}, 2 * sizeof(int));
    assert_int_equal(sendmsg(pair[0], &message, 0), 1);
    assert_fails(pact_receive(pair[1], room, sizeof(room), &len, &fd, &err), ERR_INPUT);
    assert_int_equal(fd, -1);
    fd = dup(0);
    assert_int_equal(fd, next); /* nothing stayed open */
    close(fd);
    close(pair[0]);
    close(pair[1]);
}

static void a_file_that_can_be_changed_is_not_read(void **state)
{
    OWNED(close_fd) int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    OWNED(close_fd) int sealed = -1;
    OWNED_BUF text = BUF_OF(64), little = BUF_OF(3);
    struct err err;

    (void)state;
    assert_int_equal(write(fd, "text", 4), 4);
    assert_fails(pact_read_file(fd, &text, &err), ERR_INPUT);
    assert_fails(pact_read_file(0, &text, &err), ERR_INPUT);
    assert_ok(pact_make_file(span_of_str("text"), &sealed, &err));
    assert_int_equal(write(sealed, "x", 1), -1);
    assert_fails(pact_read_file(sealed, &little, &err), ERR_TOO_LARGE);
}

static void an_error_comes_out_as_it_went_in(void **state)
{
    struct pact_failure failure;
    struct err err, other;

    (void)state;
    (void)!err_set_at(&err, ERR_UNSUPPORTED, "/evidence", "there is no %%s here");
    pact_keep_failure(&err, &failure);
    assert_fails(pact_raise(&failure, &err), ERR_UNSUPPORTED);
    assert_string_equal(err.text, "there is no %s here");
    assert_string_equal(err.pointer, "/evidence");
    other = (struct err){.kind = ERR_NONE};
    pact_keep_failure(&other, &failure);
    assert_ok(pact_raise(&failure, &err));
    failure.kind = 12345;
    assert_fails(pact_raise(&failure, &err), ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(records_that_contradict_themselves_are_refused),
        cmocka_unit_test(what_is_sent_arrives),
        cmocka_unit_test(more_than_one_descriptor_is_refused_and_closed),
        cmocka_unit_test(a_file_that_can_be_changed_is_not_read),
        cmocka_unit_test(an_error_comes_out_as_it_went_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
