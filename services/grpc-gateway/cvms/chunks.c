#include "services/grpc-gateway/cvms/chunks.h"

#include <string.h>

void chunks_init(struct chunks *chunks, int64_t patience_ms)
{
    *chunks = (struct chunks){.patience_ms = patience_ms};
    for (size_t i = 0; i < CHUNKS_ORDERS_MAX; i++)
        chunks->orders[i].bytes = BUF_OF(ORDER_SIZE_MAX);
}

void chunks_done(struct chunks *chunks)
{
    for (size_t i = 0; i < CHUNKS_ORDERS_MAX; i++)
        buf_done(&chunks->orders[i].bytes);
}

static void forget(struct chunks_order *order)
{
    buf_done(&order->bytes);
    *order = (struct chunks_order){.bytes = BUF_OF(ORDER_SIZE_MAX)};
}

/* The order of that id, or a free place for it; NULL when there is none. */
static struct chunks_order *find(struct chunks *chunks, const char *id)
{
    struct chunks_order *free_place = NULL;

    for (size_t i = 0; i < CHUNKS_ORDERS_MAX; i++) {
        struct chunks_order *order = &chunks->orders[i];

        if (order->is_used && strcmp(order->id, id) == 0)
            return order;
        if (!order->is_used && free_place == NULL)
            free_place = order;
    }
    if (free_place != NULL) {
        free_place->is_used = true;
        memcpy(free_place->id, id, strlen(id) + 1);
    }
    return free_place;
}

int chunks_add(struct chunks *chunks, const Cvms__RunReqChunks *piece, int64_t now_ms,
               struct buf *out, bool *ret_whole, struct err *err)
{
    struct chunks_order *order;
    int result = 0;

    *ret_whole = false;
    if (strlen(piece->id) > CHUNKS_ID_MAX)
        return err_set(err, ERR_INPUT, "the id of a run request has more than %d bytes",
                       CHUNKS_ID_MAX);
    order = find(chunks, piece->id);
    if (order == NULL)
        return err_set(err, ERR_TOO_MANY, "%d run requests are coming in pieces already",
                       CHUNKS_ORDERS_MAX);
    order->heard_ms = now_ms;
    if (!order->is_refused) {
        buf_add(&order->bytes, piece->data.data, piece->data.len);
        result = buf_check(&order->bytes, "the run request", err);
        order->is_refused = result < 0;
    }
    if (order->is_refused)
        buf_done(&order->bytes);
    if (!piece->is_last)
        return result;
    if (!order->is_refused) {
        buf_reset(out);
        buf_add_span(out, buf_span(&order->bytes));
        result = buf_check(out, "the run request", err);
        *ret_whole = result == 0;
    }
    forget(order);
    return result;
}

bool chunks_expire(struct chunks *chunks, int64_t now_ms, char id[static CHUNKS_ID_MAX + 1])
{
    for (size_t i = 0; i < CHUNKS_ORDERS_MAX; i++) {
        struct chunks_order *order = &chunks->orders[i];
        bool told = order->is_refused;

        if (!order->is_used || now_ms - order->heard_ms < chunks->patience_ms)
            continue;
        memcpy(id, order->id, CHUNKS_ID_MAX + 1);
        forget(order);
        if (!told)
            return true;
    }
    return false;
}
