/* Requests that carry an RFC 9421 signature. The signature covers the exporter of the connection,
 * so the connection must be there before it is made, and must still be the same when the first byte
 * of the request goes out; on_request() in transfer.c sees to the latter. */
#include "lib/httpc/internal.h"

#include "lib/base/text.h"
#include "lib/crypto/secret.h"
#include "lib/crypto/tls_peer.h"
#include "lib/http/signature.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define ATTEMPTS      3
#define NONCE_SIZE    16
#define DIGEST_BLOCK  (256 * KIB)
#define DIGEST_HEADER 128

static int find_connection(const struct httpc *client, void **ret, struct err *err)
{
    struct curl_tlssessioninfo *session = NULL;

    curl_easy_getinfo(client->curl, CURLINFO_TLS_SSL_PTR, &session);
    if (session == NULL || session->backend != CURLSSLBACKEND_OPENSSL || session->internals == NULL)
        return err_set(err, ERR_INTERNAL, "libcurl does not show its OpenSSL connection");
    *ret = session->internals;
    return 0;
}

int channel_ask(struct httpc *client, struct channel_question *question, struct err *err)
{
    void *ssl;

    if (find_connection(client, &ssl, err) < 0)
        return -1;
    memcpy(question->server, client->peer_id, SHA256_SIZE);
    return tls_peer_export(ssl, TRANSCRIPT_EXPORTER_LABEL, SPAN_OF_ARRAY(question->nonce),
                           question->exporter, sizeof(question->exporter), err);
}

int channel_note(struct httpc *client, struct err *err)
{
    OWNED_BUF pin = BUF_OF(HTTPC_PIN_SIZE);
    void *ssl;

    if (find_connection(client, &ssl, err) < 0)
        return -1;
    if (tls_peer_export(ssl, "EXPORTER-Channel-Binding", (struct span){0}, client->exporter,
                        EXPORTER_SIZE, err) < 0 ||
        tls_peer_identity(ssl, client->peer_id, err) < 0)
        return -1;

    client->exporter_known = true;
    buf_add_str(&pin, "sha256//");
    text_encode_base64(SPAN_OF_ARRAY(client->peer_id), &pin);
    snprintf(client->peer_pin, sizeof(client->peer_pin), "%s", buf_str(&pin));
    return 0;
}

/* Any answer will do: what counts is the connection under it. */
static int open_channel(struct httpc *client, struct err *err)
{
    struct httpc_call call = {.op = client->config.opener};
    OWNED_HTTPC_REPLY reply = {0};
    struct transfer x = {.client = client, .call = &call, .reply = &reply};
    int result;

    client->exporter_known = false;
    transfer_prepare(&x);
    result = transfer_run(&x, err);
    transfer_done(&x);
    return result < 0 && !client->exporter_known ? -1 : 0;
}

/* SHA-256 of what will be sent, in a pass of its own: the digest stands in a header before it. */
static int digest_upload(struct httpc *client, const struct httpc_upload *upload,
                         uint8_t out[static SHA256_SIZE], struct err *err)
{
    const struct httpc_config *config = &client->config;
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);
    OWNED(free_str) char *block = mem_zeroed(DIGEST_BLOCK, 1);

    if (upload->read != NULL)
        return err_set(err, ERR_USAGE, "what comes as it comes cannot be signed before");
    for (uint64_t at = 0; at < upload->size;) {
        uint64_t left = upload->size - at;
        ssize_t got =
            pread(upload->fd, block, left < DIGEST_BLOCK ? left : DIGEST_BLOCK, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_SYSTEM, "read what is sent");
        if (got == 0)
            return err_set(err, ERR_INPUT, "the file became shorter while it was read");
        if (config->stopped != NULL && config->stopped(config->ctx))
            return err_set(err, ERR_INTERRUPTED, "interrupted");
        digest_add(digest, span_of(block, (size_t)got));
        at += (uint64_t)got;
    }
    digest_finish(digest, out);
    return 0;
}

/* The Content-Digest header for the body, or "" without one; an empty file is no body on the wire.
 */
static int write_content_digest(const struct transfer *x, struct buf *out, struct err *err)
{
    uint8_t sha256[SHA256_SIZE];

    if (x->call->json == NULL &&
        (x->call->upload == NULL || (x->call->upload->size == 0 && x->call->upload->read == NULL)))
        return 0;
    if (x->call->json != NULL)
        digest_of(DIGEST_SHA256, buf_span(&x->body), sha256);
    else if (digest_upload(x->client, x->call->upload, sha256, err) < 0)
        return -1;
    content_digest_write(sha256, out);
    return 0;
}

static void fill_params(const struct httpc *client, struct signature_params *params)
{
    uint8_t nonce[NONCE_SIZE];

    random_bytes(nonce, sizeof(nonce));
    text_hex(nonce, sizeof(nonce), params->nonce);
    key_identity_text(client->config.key, params->key_id);
    params->alg = sign_alg_of(client->config.key);
    params->created = client->config.clock();
    params->expires = params->created + SIGNATURE_LIFETIME_MAX_S;
}

/* A header of the signature; it is no secret, so a trace shows it. */
static void add_header(struct transfer *x, const char *name, const char *value)
{
    const struct httpc_config *config = &x->client->config;
    OWNED(free_str) char *line = mem_printf("> %s: %s", name, value);

    transfer_add_header(x, "%s: %s", name, value);
    if (config->trace != NULL)
        config->trace(config->ctx, line);
}

/* Adds the headers that say who asks. */
static int sign(struct transfer *x, const char *content_digest, struct err *err)
{
    struct httpc *client = x->client;
    OWNED_BUF path = BUF_OF(4 * KIB);
    OWNED_BUF input = BUF_OF(SIGNATURE_HEADER_MAX);
    OWNED_BUF value = BUF_OF(SIGNATURE_HEADER_MAX);
    char channel[2 * EXPORTER_SIZE + 1];
    struct signature_params params;
    struct signature_message message = {
        .method = api_method_names[x->call->op->method],
        .query = x->call->query,
        .content_digest = content_digest[0] != '\0' ? content_digest : NULL,
        .computation = x->call->computation != NULL ? x->call->computation : "",
        .channel = channel,
    };

    text_hex(client->exporter, EXPORTER_SIZE, channel);
    pattern_fill(x->call->op->path, x->call->params, &path);
    message.path = buf_str(&path);
    fill_params(client, &params);
    if (signature_make(&message, client->config.key, &params, &input, &value, err) < 0)
        return err_wrap(err, "sign the request");

    if (message.content_digest != NULL)
        add_header(x, "Content-Digest", content_digest);
    add_header(x, "Cocos-Computation", message.computation);
    add_header(x, "Cocos-Channel", channel);
    add_header(x, "Signature-Input", buf_str(&input));
    add_header(x, "Signature", buf_str(&value));
    return 0;
}

/* One attempt; *ret_reopened says that nothing was sent because the connection was another one. */
static int attempt(struct transfer *x, struct buf *content_digest, bool *ret_reopened,
                   struct err *err)
{
    uint8_t bound[EXPORTER_SIZE];
    int result = -1;

    if (!x->client->exporter_known && open_channel(x->client, err) < 0)
        return -1;
    memcpy(bound, x->client->exporter, EXPORTER_SIZE);
    x->exporter_wanted = bound;
    transfer_prepare(x);
    if ((content_digest->len > 0 || write_content_digest(x, content_digest, err) == 0) &&
        sign(x, buf_str(content_digest), err) == 0)
        result = transfer_run(x, err);
    *ret_reopened = x->reopened;
    transfer_done(x);
    return result;
}

int signed_run(struct httpc *client, const struct httpc_call *call, struct httpc_reply *reply,
               struct err *err)
{
    OWNED_BUF content_digest = BUF_OF(DIGEST_HEADER);

    for (int i = 0; i < ATTEMPTS; i++) {
        struct transfer x = {.client = client, .call = call, .reply = reply};
        bool reopened = false;

        httpc_reply_done(reply);
        if (attempt(&x, &content_digest, &reopened, err) == 0)
            return 0;
        if (!reopened || client->channel.lost)
            return -1;
        client->exporter_known = false;
    }
    return err_set(err, ERR_UNREACHABLE, "%s: the connection does not stay open", client->url);
}
