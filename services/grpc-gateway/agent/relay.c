#include "services/grpc-gateway/agent/relay.h"

#include "lib/base/file.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

void relay_init(struct relay *relay, struct grpc_call *call, struct budget *budget, size_t side_max)
{
    *relay = (struct relay){.call = call,
                            .budget = budget,
                            .side = BUF_OF(side_max),
                            .said = BUF_OF(side_max),
                            .spool = -1};
}

static int hold(struct relay *relay, uint64_t bytes, struct err *err)
{
    if (budget_take(relay->budget, bytes, relay->call, err) < 0)
        return -1;
    relay->held = bytes;
    return 0;
}

static void let_go(struct relay *relay)
{
    budget_give(relay->budget, relay->held);
    relay->held = 0;
}

void relay_done(struct relay *relay)
{
    buf_done(&relay->side);
    buf_done(&relay->said);
    close_fd(&relay->spool);
    let_go(relay);
}

/* What is laid aside is the first message that has a body, from there on. */
static int open_spool(struct relay *relay, size_t first, struct err *err)
{
    if (relay->held == 0 && hold(relay, first + grpc_call_message_left(relay->call), err) < 0)
        return -1;
    relay->spool = memfd_create("first message", MFD_CLOEXEC);
    return relay->spool < 0 ? err_set_errno(err, ERR_SYSTEM, "memory for the first message") : 0;
}

static int lay_aside(struct relay *relay, struct span bytes, struct err *err)
{
    if (relay->spool < 0 && open_spool(relay, bytes.len, err) < 0)
        return -1;
    relay->spooled += bytes.len;
    return file_write_fd(relay->spool, bytes, err);
}

static int end_side(struct relay *relay, struct err *err)
{
    struct span said = buf_span(&relay->said);

    if (relay->side_is_name && relay->side.len > 0 && said.len > 0 &&
        !span_equal(said, buf_span(&relay->side)))
        return err_set(err, ERR_INPUT, "the name changes from one message to the next");
    if (!relay->side_is_name || relay->side.len == 0)
        buf_add_span(&relay->side, said);
    buf_reset(&relay->said);
    return buf_check(&relay->side, "what stands beside the body", err);
}

static int take_side(struct relay *relay, const struct proto_piece *piece, struct err *err)
{
    if (relay->is_flowing && !relay->side_is_name && piece->bytes.len > 0)
        return err_set(err, ERR_INPUT, "requirements come before the algorithm, not after it");
    buf_add_span(&relay->said, piece->bytes);
    if (buf_check(&relay->said, "what stands beside the body", err) < 0)
        return -1;
    return piece->is_end ? end_side(relay, err) : 0;
}

/* The next bytes of the body; none at the end of a message, or of all (has_ended). */
static int next_body(struct relay *relay, struct span *ret, struct err *err)
{
    struct proto_piece piece;
    enum grpc_piece kind;

    *ret = span_of(NULL, 0);
    for (;;) {
        if (proto_fields_next(&relay->fields, &relay->rest, &piece, err) < 0)
            return -1;
        if (piece.number == relay->body_number && piece.bytes.len > 0) {
            *ret = piece.bytes;
            return 0;
        }
        if (piece.number == relay->side_number && take_side(relay, &piece, err) < 0)
            return -1;
        if (piece.number != 0)
            continue;
        if (grpc_call_read(relay->call, &kind, &relay->rest, err) < 0)
            return -1;
        relay->has_ended = kind == GRPC_PIECE_NONE;
        if (kind == GRPC_PIECE_BYTES)
            continue;
        relay->rest = span_of(NULL, 0);
        return relay->has_ended ? 0 : proto_fields_end(&relay->fields, err);
    }
}

int relay_begin(struct relay *relay, struct err *err)
{
    struct span bytes;

    /* A side that is kept whole comes before any body: it is asked for at once, with the rest. */
    if (!relay->side_is_name && hold(relay, RELAY_WHOLE_SIDE(relay->side.max), err) < 0)
        return -1;
    do {
        if (next_body(relay, &bytes, err) < 0 ||
            (bytes.len > 0 && lay_aside(relay, bytes, err) < 0))
            return -1;
    } while (!relay->has_ended && (bytes.len > 0 || relay->spooled == 0));
    relay->is_flowing = true;
    return 0;
}

static int read_spool(struct relay *relay, void *to, size_t room, size_t *ret_len, struct err *err)
{
    uint64_t left = relay->spooled - relay->unspooled;
    ssize_t got =
        pread(relay->spool, to, left < room ? (size_t)left : room, (off_t)relay->unspooled);

    if (got <= 0)
        return err_set_errno(err, ERR_SYSTEM, "the first message");
    relay->unspooled += (uint64_t)got;
    if (relay->unspooled == relay->spooled) {
        close_fd(&relay->spool);
        if (relay->side_is_name)
            let_go(relay);
    }
    *ret_len = (size_t)got;
    return 0;
}

int relay_read(void *ctx, void *to, size_t room, size_t *ret_len, struct err *err)
{
    struct relay *relay = ctx;

    *ret_len = 0;
    if (relay->unspooled < relay->spooled)
        return read_spool(relay, to, room, ret_len, err);
    while (!relay->has_ended && *ret_len == 0) {
        if (relay->pending.len == 0 && next_body(relay, &relay->pending, err) < 0)
            return -1;
        *ret_len = relay->pending.len < room ? relay->pending.len : room;
        if (*ret_len > 0)
            memcpy(to, relay->pending.data, *ret_len);
        relay->pending = span_part(relay->pending, *ret_len, relay->pending.len);
    }
    return 0;
}
