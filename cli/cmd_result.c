/* result: into a temporary file beside the name, which it takes when every byte is there. */
#include "cli/computation.h"

#include "cli/print.h"
#include "cli/progress.h"
#include "cli/sealed.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define RESULT_MAX   (1024 * GIB)
#define BLOCK        (256 * KIB)
#define DEFAULT_NAME "results.zip"

struct download {
    int dir_fd;
    int fd;
    char *name;      /* what the file will be called */
    char *temporary; /* what it is called until then */
    struct buf block;
    uint64_t received;
    struct digest *sha256; /* of what was received */
    struct opener *opener; /* NULL: it comes as it is */
    uint64_t size;         /* of the file */
};

static void download_done(struct download *download)
{
    if (download->temporary != NULL && download->fd >= 0)
        unlinkat(download->dir_fd, download->temporary, 0);
    close_fd(&download->fd);
    close_fd(&download->dir_fd);
    free(download->name);
    free(download->temporary);
    buf_done(&download->block);
    digest_free(download->sha256);
    opener_free(download->opener);
}

static int check_name(const char *name, struct err *err)
{
    if (strchr(name, '/') != NULL || !manifest_is_filename(name))
        return err_set(err, ERR_USAGE, "--filename: '%.80s' is not the name of a file", name);
    return 0;
}

/* The directory and the temporary file, before anything is asked of the agent. */
static int download_open(const struct result_options *options, struct download *download,
                         struct err *err)
{
    const char *directory = options->directory != NULL ? options->directory : ".";
    const char *name = options->filename != NULL ? options->filename : DEFAULT_NAME;

    if (check_name(name, err) < 0)
        return -1;
    if (file_make_dirs(directory, 0755, err) < 0) {
        err->kind = ERR_USAGE;
        return -1;
    }
    download->dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (download->dir_fd < 0)
        return err_set_errno(err, ERR_USAGE, "open '%s'", directory);
    download->name = mem_strdup(name);
    download->temporary = mem_printf(".%.200s.%d.part", name, (int)getpid());
    download->fd = openat(download->dir_fd, download->temporary,
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (download->fd < 0)
        return err_set_errno(err, ERR_USAGE, "write into '%s'", directory);
    return 0;
}

static int flush_block(struct download *download, struct err *err)
{
    if (file_write_fd(download->fd, buf_span(&download->block), err) < 0)
        return err_wrap(err, "'%s'", download->name);
    buf_reset(&download->block);
    return 0;
}

static int write_bytes(void *to, struct span bytes, struct err *err)
{
    struct download *download = to;

    download->size += bytes.len;
    if (download->block.len + bytes.len > BLOCK && flush_block(download, err) < 0)
        return -1;
    if (bytes.len > BLOCK)
        return file_write_fd(download->fd, bytes, err);
    buf_add_span(&download->block, bytes);
    return 0;
}

static int take_bytes(void *to, struct span bytes, struct err *err)
{
    struct download *download = to;

    download->received += bytes.len;
    digest_add(download->sha256, bytes);
    return download->opener != NULL ? opener_write(download->opener, bytes, err)
                                    : write_bytes(download, bytes, err);
}

/* The manifest says whether this party gets it sealed; what comes otherwise is not taken. */
static int expect_sealed(struct agent *agent, struct download *download, struct err *err)
{
    const struct key *own = agent->key;
    const struct manifest_party *consumer;
    uint8_t identity[SHA256_SIZE];
    char context[SEALING_CONTEXT_SIZE];
    struct seal_terms terms = {&own, 1};
    OWNED_MANIFEST *manifest = NULL;

    if (session_read_manifest(agent, &manifest, err) < 0)
        return -1;
    key_identity(own, identity);
    consumer = sealing_find_consumer(manifest, identity);
    if (consumer == NULL || !consumer->seal)
        return 0;
    sealing_context(SEALING_RESULT, manifest->sha256, context);
    terms.context = span_of_str(context);
    return opener_new(&terms, write_bytes, download, &download->opener, err);
}

/* An agent's entity tag is the SHA-256 of the archive; any other says nothing about the bytes. */
static int check_etag(struct download *download, const char *etag, struct err *err)
{
    uint8_t said[SHA256_SIZE], got[SHA256_SIZE];
    struct err ignored;

    digest_finish(download->sha256, got);
    if (text_parse_hex(etag, said, sizeof(said), &ignored) < 0 ||
        span_equal(SPAN_OF_ARRAY(said), SPAN_OF_ARRAY(got)))
        return 0;
    return err_set(err, ERR_UNREACHABLE, "the result was damaged on its way: its SHA-256 is not %s",
                   etag);
}

/* Makes the file appear under its name, whole. */
static int download_finish(struct download *download, const struct httpc_reply *reply,
                           struct err *err)
{
    if (reply->length != UINT64_MAX && reply->length != download->received)
        return err_set(err, ERR_UNREACHABLE,
                       "the result ended after %" PRIu64 " of %" PRIu64 " bytes",
                       download->received, reply->length);
    if (check_etag(download, reply->etag, err) < 0 ||
        (download->opener != NULL && opener_finish(download->opener, err) < 0) ||
        flush_block(download, err) < 0)
        return -1;
    if (fsync(download->fd) < 0)
        return err_set_errno(err, ERR_SYSTEM, "write '%s'", download->name);
    if (renameat(download->dir_fd, download->temporary, download->dir_fd, download->name) < 0)
        return err_set_errno(err, ERR_SYSTEM, "rename to '%s'", download->name);
    free(download->temporary);
    download->temporary = NULL;
    return 0;
}

/* A computation that failed has a result, too: how it failed. */
static int explain(struct agent *agent, struct err *err)
{
    struct err why = *err;
    const char *kind;

    if (err->kind != ERR_STATE || session_read_state(agent, &why) < 0 ||
        strcmp(json_get_str(agent->state, "state"), "Failed") != 0)
        return -1;
    kind = json_get_str(json_get(agent->state, "failure"), "kind");
    return err_set(err, ERR_COMPUTATION, "the computation failed (%s), there is no result",
                   kind ? kind : "no reason is known");
}

static void report(const struct cli *cli, const struct result_options *options,
                   const struct download *download, const struct httpc_reply *reply)
{
    OWNED_JSON *result = json_new_object();
    OWNED(free_str)
    char *joined =
        mem_printf("%s/%s", options->directory ? options->directory : ".", download->name);
    char *absolute = realpath(joined, NULL);

    json_set_str(result, "path", absolute ? absolute : joined);
    json_set_int(result, "bytes", (int64_t)download->size);
    json_set_str(result, "etag", reply->etag);
    if (cli->options->json)
        print_json(result);
    else
        print_line("%s", absolute ? absolute : joined);
    free(absolute);
}

int computation_result(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct result_options *options = ptr;
    struct agent_access access = computation_access(cli, &options->base, 0);
    struct progress progress = progress_begin("result");
    __attribute__((cleanup(download_done))) struct download download = {
        .dir_fd = -1, .fd = -1, .block = BUF_OF(BLOCK), .sha256 = digest_new(DIGEST_SHA256)};
    struct httpc_sink sink = {.write = take_bytes, .to = &download, .max = RESULT_MAX};
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_get_result],
                              .sink = &sink,
                              .progress = progress_update,
                              .progress_ctx = &progress};
    OWNED_AGENT *agent = NULL;
    OWNED_HTTPC_REPLY reply = {0};
    int result;

    if (download_open(options, &download, err) < 0 ||
        session_open_agent(&access, &agent, err) < 0 || expect_sealed(agent, &download, err) < 0)
        return -1;
    result = agent_call(agent, &call, &reply, err);
    progress_end(&progress);
    if (result < 0)
        return explain(agent, err) < 0 ? err_wrap(err, "result") : 0;
    if (download_finish(&download, &reply, err) < 0)
        return -1;
    report(cli, options, &download, &reply);
    return 0;
}
