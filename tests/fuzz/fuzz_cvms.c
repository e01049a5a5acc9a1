/* What a computation server sends: length-prefixed messages, orders in them whole or in pieces, and
 * what is made of an order. A manifest that is made of one is one that can be read, or it says why
 * not. */
#include "services/grpc-gateway/cvms/chunks.h"
#include "services/grpc-gateway/grpc/frame.h"
#include "services/grpc-gateway/proto/unpack.h"

#include "lib/computation/manifest.h"

#include <stdlib.h>

#define MESSAGE_MAX (64 * KIB)
#define MEMORY_MAX  (256 * KIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key *owner(void)
{
    static struct key *key;
    struct err err;

    if (key == NULL && key_generate(KEY_ED25519, 0, &key, &err) < 0)
        abort();
    return key;
}

static void try_order(const Cvms__ComputationRunReq *order)
{
    struct order_terms terms = {
        .owner = owner(), .timeout_ms = 1000, .memory_mib = 16, .log_bytes = 1};
    OWNED_MANIFEST *manifest = NULL;
    OWNED_JSON *json = NULL;
    uint8_t digest[ORDER_DIGEST_SIZE];
    struct err err;

    if (order_to_manifest(order, &terms, &json, &err) < 0)
        return;
    if (order_digest(order, digest, &err) < 0)
        abort();
    if (manifest_decode(json, &manifest, &err) < 0 && err.text[0] == '\0')
        abort();
}

static void try_bytes(struct span bytes)
{
    OWNED_PROTO *order = NULL;
    struct err err;

    if (proto_unpack(&cvms__computation_run_req__descriptor, bytes, MEMORY_MAX, &order, &err) == 0)
        try_order((const Cvms__ComputationRunReq *)order);
}

static void take_message(struct chunks *chunks, struct span bytes)
{
    OWNED_BUF whole = BUF_OF(ORDER_SIZE_MAX);
    OWNED_PROTO *owned = NULL;
    const Cvms__ServerStreamMessage *said;
    struct err err;
    bool is_whole;

    if (proto_unpack(&cvms__server_stream_message__descriptor, bytes, MEMORY_MAX, &owned, &err) < 0)
        return;
    said = (const Cvms__ServerStreamMessage *)owned;
    if (said->message_case == CVMS__SERVER_STREAM_MESSAGE__MESSAGE_RUN_REQ)
        try_order(said->runreq);
    if (said->message_case == CVMS__SERVER_STREAM_MESSAGE__MESSAGE_RUN_REQ_CHUNKS &&
        chunks_add(chunks, said->runreqchunks, 0, &whole, &is_whole, &err) == 0 && is_whole)
        try_bytes(buf_span(&whole));
}

static void take_stream(struct chunks *chunks, struct span in)
{
    struct grpc_frame frame = {.max = MESSAGE_MAX};
    OWNED_BUF message = BUF_OF(MESSAGE_MAX);
    enum grpc_piece piece;
    struct span bytes;
    struct err err;

    do {
        if (grpc_frame_next(&frame, &in, &piece, &bytes, &err) < 0)
            return;
        if (piece == GRPC_PIECE_BYTES)
            buf_add_span(&message, bytes);
        if (piece == GRPC_PIECE_END) {
            take_message(chunks, buf_span(&message));
            buf_reset(&message);
        }
    } while (piece != GRPC_PIECE_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chunks chunks;

    chunks_init(&chunks, 1000);
    take_stream(&chunks, span_of(data, size));
    chunks_done(&chunks);
    return 0;
}
