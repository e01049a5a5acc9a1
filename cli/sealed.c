#include "cli/sealed.h"

#include "cli/interrupt.h"
#include "lib/attest/dice_use.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <errno.h>
#include <unistd.h>

#define CHAIN_MAX   (64 * KIB)
#define READY_MAX   (64 * KIB + 2 * SEAL_CHUNK)
#define WRITE_BLOCK (64 * KIB)

/* --- the key --------------------------------------------------------------------------------- */

static int ask_chain(struct agent *agent, struct buf *out, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_get_seal_key]};
    OWNED_HTTPC_REPLY reply = {0};
    const char *text;

    if (agent_call(agent, &call, &reply, err) < 0)
        return err_wrap(err, "the key to seal to");
    text = json_get_str(reply.json, "chain");
    if (text == NULL)
        return err_set(err, ERR_UNREACHABLE, "the agent's answer has no chain");
    return text_decode_base64(span_of_str(text), out, err);
}

int sealed_key(struct agent *agent, struct key **ret, struct err *err)
{
    OWNED_BUF chain = BUF_OF(CHAIN_MAX);
    OWNED_BUNDLE bundle = {0};

    if (agent->evidence.len == 0)
        return err_set(err, ERR_UNTRUSTED,
                       "nothing was sent: sealing needs a key that evidence vouches for, and none "
                       "was judged; say --policy FILE");
    if (ask_chain(agent, &chain, err) < 0 ||
        bundle_parse(buf_span(&agent->evidence), &bundle, err) < 0)
        return -1;
    if (dice_use_find(&bundle, buf_span(&chain), DICE_USE_SEAL, ret, err) < 0)
        return err_wrap(err, "nothing was sent: the key to seal to");
    return 0;
}

/* --- sealing on the way ---------------------------------------------------------------------- */

struct sealed {
    const struct input *input;
    uint64_t at;
    uint8_t block[SEAL_CHUNK];
    struct sealer *sealer;
    bool finished;
    struct buf ready; /* sealed bytes that wait to be read */
    size_t taken;     /* of them */
};

static int add_ready(void *to, struct span bytes, struct err *err)
{
    struct sealed *sealed = to;

    buf_add_span(&sealed->ready, bytes);
    return buf_check(&sealed->ready, "what is sealed", err);
}

int sealed_new(const struct input *input, const struct key *key, const char *computation,
               struct sealed **ret, struct err *err)
{
    OWNED_OF(sealed) *sealed = mem_new(struct sealed);
    struct seal_terms terms = {&key, 1};
    char context[SEALING_CONTEXT_SIZE];

    sealing_context(SEALING_UPLOAD, computation, context);
    terms.context = span_of_str(context);
    sealed->input = input;
    sealed->ready = BUF_OF(READY_MAX);
    if (sealer_new(&terms, add_ready, sealed, &sealed->sealer, err) < 0)
        return -1;
    *ret = GIVE(sealed);
    return 0;
}

void sealed_free(struct sealed *sealed)
{
    if (sealed == NULL)
        return;
    sealer_free(sealed->sealer);
    buf_done(&sealed->ready);
    mem_wipe(sealed->block, sizeof(sealed->block));
    free(sealed);
}

/* Seals the next block, or the end. */
static int step(struct sealed *sealed, struct err *err)
{
    ssize_t got;

    do
        got = pread(sealed->input->fd, sealed->block, SEAL_CHUNK, (off_t)sealed->at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_set_errno(err, ERR_SYSTEM, "read '%s'", sealed->input->name);
    sealed->at += (uint64_t)got;
    if (sealed->at > sealed->input->size || (got == 0 && sealed->at < sealed->input->size))
        return err_set(err, ERR_INPUT, "'%s' changed its size while it was sent",
                       sealed->input->name);
    if (got > 0)
        return sealer_write(sealed->sealer, span_of(sealed->block, (size_t)got), err);
    sealed->finished = true;
    return sealer_finish(sealed->sealer, err);
}

static int read_sealed(void *from, void *to, size_t room, size_t *ret_len, struct err *err)
{
    struct sealed *sealed = from;
    size_t left;

    if (sealed->taken == sealed->ready.len) {
        buf_reset(&sealed->ready);
        sealed->taken = 0;
    }
    while (sealed->ready.len == 0 && !sealed->finished)
        if (step(sealed, err) < 0)
            return -1;
    left = sealed->ready.len - sealed->taken;
    *ret_len = left < room ? left : room;
    if (*ret_len > 0)
        memcpy(to, sealed->ready.data + sealed->taken, *ret_len);
    sealed->taken += *ret_len;
    return 0;
}

struct httpc_upload sealed_upload(struct sealed *sealed)
{
    return (struct httpc_upload){
        .fd = -1,
        .size = seal_size(sealed->input->size, 1),
        .read = read_sealed,
        .from = sealed,
    };
}

int sealed_write(struct sealed *sealed, struct input *ret, struct err *err)
{
    OWNED(close_fd) int fd = -1;
    uint8_t block[WRITE_BLOCK];
    uint64_t size = 0;
    size_t len;

    if (input_open_nameless(&fd, err) < 0)
        return -1;
    for (;;) {
        if (interrupt_check(err) < 0 || read_sealed(sealed, block, sizeof(block), &len, err) < 0)
            return -1;
        if (len == 0)
            break;
        if (file_write_fd(fd, span_of(block, len), err) < 0)
            return -1;
        size += len;
    }
    *ret = (struct input){.fd = fd, .size = size, .name = mem_strdup(sealed->input->name)};
    fd = -1;
    return 0;
}
