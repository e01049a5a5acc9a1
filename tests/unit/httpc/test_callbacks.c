/* Bodies on their way: read, gathered, cut off, interrupted. */
#include "tests/unit/httpc/served.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct api_op op_slow = {"get_slow",    API_GET,       "/v1/slow",
                                      API_AUTH_NONE, API_BODY_NONE, 0};
static const struct api_op op_upload = {"put_upload",    API_PUT,         "/v1/uploads/{name}",
                                        API_AUTH_VIEWER, API_BODY_STREAM, TOY_UPLOAD_MAX};
static const struct api_op op_file = {"get_file",    API_GET,       "/v1/file",
                                      API_AUTH_NONE, API_BODY_NONE, 0};

#define UPLOAD_SIZE (3 * MIB + 11)

static int make_file(uint64_t size)
{
    OWNED(free_str) char *bytes = mem_zeroed(size + 1, 1);
    int fd = memfd_create("upload", MFD_CLOEXEC);

    toy_file_block(0, (uint8_t *)bytes, size);
    assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
    return fd;
}

static void note_progress(void *ctx, uint64_t done, uint64_t total)
{
    uint64_t *seen = ctx;

    seen[0] = done;
    seen[1] = total;
}

static int take_all(void *to, struct span bytes, struct err *err)
{
    struct buf *all = to;

    buf_add_span(all, bytes);
    return buf_check(all, "the file", err);
}

static int take_none(void *to, struct span bytes, struct err *err)
{
    (void)to, (void)bytes;
    return err_set(err, ERR_NO_SPACE, "the disk is full");
}

static void a_file_goes_up_whole(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_upload body = {.fd = make_file(UPLOAD_SIZE), .size = UPLOAD_SIZE};
    uint64_t seen[2] = {0};
    struct httpc_call call = {.op = &op_upload,
                              .params = {"x"},
                              .upload = &body,
                              .progress = note_progress,
                              .progress_ctx = seen};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED(free_str) char *bytes = mem_zeroed(UPLOAD_SIZE, 1);
    uint8_t sha256[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    struct err err;

    (void)state;
    toy_file_block(0, (uint8_t *)bytes, UPLOAD_SIZE);
    digest_of(DIGEST_SHA256, span_of(bytes, UPLOAD_SIZE), sha256);
    text_hex(sha256, sizeof(sha256), hex);
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_string_equal(json_get_str(reply.json, "sha256"), hex);
    assert_int_equal(seen[0], UPLOAD_SIZE);
    assert_int_equal(seen[1], UPLOAD_SIZE);
    close(body.fd);
}

static void a_file_that_shrinks_meanwhile_is_an_error(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_upload body = {.fd = make_file(1 * MIB), .size = 2 * MIB};
    struct httpc_call call = {.op = &op_upload, .params = {"x"}, .upload = &body};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_INPUT);
    toy_await(&toy.aborted, 1, "an abort");
    assert_int_equal(atomic_load(&toy.finished), 0);
    close(body.fd);
}

static void a_file_comes_down_whole(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    OWNED_BUF all = BUF_OF(4 * MIB);
    struct httpc_sink sink = {.write = take_all, .to = &all, .max = 4 * MIB};
    struct httpc_call call = {.op = &op_file, .sink = &sink};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED(free_str) char *wanted = mem_zeroed(MIB + 7, 1);
    struct err err;

    (void)state;
    toy_file_block(0, (uint8_t *)wanted, MIB + 7);
    assert_ok(httpc_perform(client, &call, &reply, &err));
    assert_int_equal(reply.length, MIB + 7);
    assert_string_equal(reply.etag, "toy-1");
    assert_true(span_equal(buf_span(&all), span_of(wanted, MIB + 7)));
}

static void a_file_over_the_ceiling_is_cut_off(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    OWNED_BUF all = BUF_OF(4 * MIB);
    struct httpc_sink sink = {.write = take_all, .to = &all, .max = MIB};
    struct httpc_call call = {.op = &op_file, .sink = &sink};
    struct httpc_call collected = {.op = &op_file, .query = "size=20000000"};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_TOO_LARGE);
    assert_true(all.len <= MIB);
    assert_fails(httpc_perform(client, &collected, &reply, &err), ERR_TOO_LARGE);
}

static void what_the_sink_says_is_the_error(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_sink sink = {.write = take_none, .max = 4 * MIB};
    struct httpc_call call = {.op = &op_file, .sink = &sink};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)state;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_NO_SPACE);
    assert_string_equal(err.text, "the disk is full");
}

static void a_call_can_be_interrupted(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_slow};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = client_of(&config);
    struct err err;

    (void)state;
    stop_now = true;
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_INTERRUPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_file_goes_up_whole),
        SERVED(a_file_that_shrinks_meanwhile_is_an_error),
        SERVED(a_file_comes_down_whole),
        SERVED(a_file_over_the_ceiling_is_cut_off),
        SERVED(what_the_sink_says_is_the_error),
        SERVED(a_call_can_be_interrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
