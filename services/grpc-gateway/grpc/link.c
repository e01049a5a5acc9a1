#include "services/grpc-gateway/grpc/link.h"

#include "services/grpc-gateway/grpc/call.h"
#include "services/grpc-gateway/grpc/text.h"

#include "lib/base/text.h"

#define WORDS_MAX 512

struct grpc_link {
    struct h2_client *h2;
    struct grpc_frame frame;
    struct buf taken;   /* bytes of the stream that are being read */
    struct span rest;   /* of them */
    struct buf message; /* what is here of the one under way */
    bool checked;       /* the answer's head is one of gRPC */
};

static struct h2_fields make_head(const struct grpc_link_config *config)
{
    struct h2_fields head = H2_FIELDS_NEW;
    struct h2_field field;
    size_t at = 0;

    h2_fields_add_str(&head, ":method", "POST");
    h2_fields_add_str(&head, ":scheme", config->h2.tls != NULL ? "https" : "http");
    h2_fields_add_str(&head, ":path", config->path);
    h2_fields_add_str(&head, ":authority", config->authority);
    h2_fields_add_str(&head, "te", "trailers");
    h2_fields_add_str(&head, "content-type", "application/grpc");
    h2_fields_add_str(&head, "grpc-accept-encoding", "identity");
    h2_fields_add_str(&head, "user-agent", "cocos-gateway/" COCOS_VERSION);
    while (config->metadata != NULL && h2_fields_next(config->metadata, &at, &field))
        h2_fields_add_str(&head, field.name, field.value);
    return head;
}

int grpc_link_open(const struct grpc_link_config *config, struct grpc_link **ret, struct err *err)
{
    struct grpc_link *link = mem_new(struct grpc_link);
    struct h2_fields head = make_head(config);

    link->frame.max = GRPC_MESSAGE_MAX;
    link->taken = BUF_OF(H2_WINDOW);
    link->message = BUF_OF(GRPC_MESSAGE_MAX);
    if (buf_check(&head.text, "the metadata", err) < 0 ||
        h2_client_open(&config->h2, &link->h2, err) < 0 ||
        h2_client_request(link->h2, &head, err) < 0) {
        h2_fields_done(&head);
        grpc_link_free(link);
        return -1;
    }
    *ret = link;
    return 0;
}

void grpc_link_free(struct grpc_link *link)
{
    if (link == NULL)
        return;
    h2_client_free(link->h2);
    buf_done(&link->taken);
    buf_done(&link->message);
    free(link);
}

int grpc_link_wait(struct grpc_link *link, int wake_fd, int wait_ms, struct err *err)
{
    return h2_client_wait(link->h2, wake_fd, wait_ms, err);
}

/* --- how it ends --- */

/* Of the kinds that have this status, the one that a caller who is told so can act on. */
static enum err_kind kind_of(uint64_t status)
{
    static const enum err_kind kinds[] = {
        [0] = ERR_UNAVAILABLE,  [1] = ERR_INTERRUPTED,  [3] = ERR_INPUT,
        [4] = ERR_TIMEOUT,      [5] = ERR_NOT_FOUND,    [7] = ERR_FORBIDDEN,
        [8] = ERR_TOO_MANY,     [9] = ERR_STATE,        [11] = ERR_RANGE,
        [12] = ERR_UNSUPPORTED, [14] = ERR_UNAVAILABLE, [16] = ERR_UNAUTHENTICATED,
    };

    return status < COUNT_OF(kinds) && kinds[status] != ERR_NONE ? kinds[status] : ERR_UNAVAILABLE;
}

static int set_ended(struct grpc_link *link, struct err *err)
{
    const struct h2_fields *trailers = h2_client_trailers(link->h2);
    const char *status = trailers == NULL ? NULL : h2_fields_find(trailers, "grpc-status");
    const char *said = status == NULL ? NULL : h2_fields_find(trailers, "grpc-message");
    const char *reason = h2_client_reason(link->h2);
    OWNED_BUF words = BUF_OF(WORDS_MAX + 64);
    uint64_t code;

    if (status == NULL || text_parse_u64(status, 1000, &code, err) < 0)
        return err_set(err, ERR_UNAVAILABLE, "the server ended the call without a status%s%s",
                       reason[0] != '\0' ? ": " : "", reason);
    grpc_text_decode_message(said != NULL ? said : "", WORDS_MAX, &words);
    return err_set(err, kind_of(code), "the server ended the call: status %u%s%s", (unsigned)code,
                   words.len > 0 ? ", " : "", buf_str(&words));
}

/* --- what comes --- */

static int check_head(struct grpc_link *link, struct err *err)
{
    const struct h2_fields *head = h2_client_head(link->h2);
    const char *status, *type, *encoding;

    if (link->checked || head == NULL)
        return 0;
    status = h2_fields_find(head, ":status");
    type = h2_fields_find(head, "content-type");
    encoding = h2_fields_find(head, "grpc-encoding");
    if (status == NULL || strcmp(status, "200") != 0 || !grpc_text_is_content_type(type))
        return err_set(err, ERR_UNAVAILABLE, "no gRPC there: it answers with status %.8s, '%.80s'",
                       status != NULL ? status : "?", type != NULL ? type : "");
    if (encoding != NULL && strcmp(encoding, "identity") != 0)
        return err_set(err, ERR_UNSUPPORTED, "the server compresses ('%.40s')", encoding);
    link->checked = true;
    return 0;
}

/* Moves on with the bytes at hand; *ret_whole when they complete a message. */
static int read_on(struct grpc_link *link, bool *ret_whole, struct err *err)
{
    enum grpc_piece piece;
    struct span bytes;

    do {
        if (grpc_frame_next(&link->frame, &link->rest, &piece, &bytes, err) < 0)
            return -1;
        if (piece == GRPC_PIECE_BYTES)
            buf_add_span(&link->message, bytes);
    } while (piece == GRPC_PIECE_BYTES);
    *ret_whole = piece == GRPC_PIECE_END;
    return buf_check(&link->message, "a message", err);
}

int grpc_link_take(struct grpc_link *link, struct buf *message, bool *ret_any, struct err *err)
{
    *ret_any = false;
    if (check_head(link, err) < 0)
        return -1;
    if (link->rest.len == 0) {
        h2_client_take(link->h2, &link->taken);
        link->rest = buf_span(&link->taken);
    }
    if (read_on(link, ret_any, err) < 0)
        return -1;
    if (*ret_any) {
        buf_reset(message);
        buf_add_span(message, buf_span(&link->message));
        buf_reset(&link->message);
        return buf_check(message, "a message", err);
    }
    return link->rest.len == 0 && h2_client_has_ended(link->h2) ? set_ended(link, err) : 0;
}

const char *grpc_link_metadata(const struct grpc_link *link, const char *name)
{
    const struct h2_fields *head = h2_client_head(link->h2);

    return head == NULL ? NULL : h2_fields_find(head, name);
}

int grpc_link_send(struct grpc_link *link, struct span message, struct err *err)
{
    uint8_t prefix[GRPC_PREFIX_SIZE];

    if (message.len > GRPC_MESSAGE_MAX)
        return err_set(err, ERR_TOO_LARGE, "a message of %zu bytes", message.len);
    grpc_frame_write_prefix(prefix, (uint32_t)message.len);
    if (h2_client_write(link->h2, SPAN_OF_ARRAY(prefix), err) < 0)
        return -1;
    return h2_client_write(link->h2, message, err);
}

struct h2_client *grpc_link_h2(struct grpc_link *link)
{
    return link->h2;
}
