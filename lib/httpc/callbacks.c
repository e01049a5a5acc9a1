/* What libcurl calls while a request is under way. */
#include "lib/httpc/internal.h"

#include "lib/crypto/secret.h"
#include "lib/crypto/tls_peer.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

static void end_with(struct transfer *x, const struct err *err)
{
    x->failed = true;
    x->err = *err;
}

bool transfer_succeeded(const struct transfer *x)
{
    return x->reply->status >= 200 && x->reply->status < 300;
}

/* Copies a header's value when line starts with its name. */
static bool take_field(struct span line, const char *name, char out[static HTTPC_FIELD_MAX])
{
    size_t length = strlen(name);
    size_t from = length + 1, to = line.len;

    if (line.len <= length || strncasecmp((const char *)line.data, name, length) != 0 ||
        line.data[length] != ':')
        return false;
    while (from < to && (line.data[from] == ' ' || line.data[from] == '\t'))
        from++;
    while (to > from && strchr(" \t\r\n", line.data[to - 1]) != NULL)
        to--;
    snprintf(out, HTTPC_FIELD_MAX, "%.*s", (int)(to - from), (const char *)line.data + from);
    return true;
}

static void unquote(char *text)
{
    size_t length = strlen(text);

    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        memmove(text, text + 1, length - 2);
        text[length - 2] = '\0';
    }
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    struct httpc_reply *reply = x->reply;
    struct span line = span_of(data, size * count);
    long status = 0;

    curl_easy_getinfo(x->client->curl, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status;
    x->heard_ms = x->client->config.ticks_ms();
    if (take_field(line, "ETag", reply->etag))
        unquote(reply->etag);
    else if (!take_field(line, "Content-Type", reply->media_type))
        take_field(line, "X-Request-Id", reply->request_id);
    return line.len;
}

/* A body that the caller wants piece by piece. */
static bool give_to_sink(struct transfer *x, struct span bytes)
{
    const struct httpc_sink *sink = x->call->sink;
    struct err err;

    if (bytes.len > sink->max - x->down_at) {
        err_set(&err, ERR_TOO_LARGE, "the answer is over %llu bytes",
                (unsigned long long)sink->max);
        end_with(x, &err);
        return false;
    }
    if (sink->write(sink->to, bytes, &err) < 0) {
        end_with(x, &err);
        return false;
    }
    return true;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    struct span bytes = span_of(data, size * count);
    struct err err;

    if (x->down_at == 0)
        transfer_note_length(x);
    if (transfer_succeeded(x) && x->call->sink != NULL) {
        if (!give_to_sink(x, bytes))
            return 0;
    } else {
        buf_add_span(&x->reply->text, bytes);
        if (buf_check(&x->reply->text, "the answer", &err) < 0) {
            end_with(x, &err);
            return 0;
        }
    }
    x->down_at += bytes.len;
    x->heard_ms = x->client->config.ticks_ms();
    return bytes.len;
}

/* A body whose end is not known before. */
static size_t on_read_stream(char *to, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    const struct httpc_upload *upload = x->call->upload;
    struct err err;
    size_t got;

    if (upload->read(upload->from, to, size * count, &got, &err) < 0) {
        end_with(x, &err);
        return CURL_READFUNC_ABORT;
    }
    x->up_at += got;
    return got;
}

static size_t on_read(char *to, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    const struct httpc_upload *upload = x->call->upload;
    uint64_t left = upload->size - x->up_at;
    size_t want = size * count < left ? size * count : left;
    struct err err;
    ssize_t got;

    do
        got = pread(upload->fd, to, want, (off_t)x->up_at);
    while (got < 0 && errno == EINTR);
    if (got > 0 || want == 0) {
        x->up_at += (uint64_t)got;
        return (size_t)got;
    }

    if (got < 0)
        err_set_errno(&err, ERR_SYSTEM, "read what is sent");
    else
        err_set(&err, ERR_INPUT, "the file became shorter while it was sent (%llu of %llu bytes)",
                (unsigned long long)x->up_at, (unsigned long long)upload->size);
    end_with(x, &err);
    return CURL_READFUNC_ABORT;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct transfer *x = ctx;

    if (origin != SEEK_SET || offset < 0 || x->call->upload->read != NULL)
        return CURL_SEEKFUNC_CANTSEEK;
    x->up_at = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static int on_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct transfer *x = ctx;
    const struct httpc_config *config = &x->client->config;
    struct err err;

    if (config->stopped != NULL && config->stopped(config->ctx)) {
        err_set(&err, ERR_INTERRUPTED, "interrupted");
        end_with(x, &err);
        return 1;
    }
    if (x->call->quiet_ms > 0 && transfer_succeeded(x) &&
        config->ticks_ms() - x->heard_ms >= (int64_t)x->call->quiet_ms) {
        x->quiet = true;
        return 1;
    }
    if (x->call->progress == NULL)
        return 0;
    if (x->call->upload != NULL)
        x->call->progress(x->call->progress_ctx, (uint64_t)up, (uint64_t)up_total);
    else if (transfer_succeeded(x))
        x->call->progress(x->call->progress_ctx, (uint64_t)down,
                          down_total > 0 ? (uint64_t)down_total : UINT64_MAX);
    return 0;
}

static bool is_connection(const struct httpc *client, const uint8_t exporter[static EXPORTER_SIZE])
{
    return secret_equal(span_of(exporter, EXPORTER_SIZE), SPAN_OF_ARRAY(client->exporter));
}

/* Where the other end has to prove itself, only the question for that proof goes out before. */
static int check_attested(struct transfer *x, struct err *err)
{
    struct channel *channel = &x->client->channel;

    if (x->question != NULL)
        return channel_ask(x->client, x->question, err);
    if (channel->terms == NULL || (channel->open && is_connection(x->client, channel->connection)))
        return 0;
    channel->lost = true;
    return err_set(err, ERR_UNTRUSTED, "this connection was not attested; nothing was sent");
}

/* After the handshake and before the first byte of every request, also on a reused connection. */
static int on_request(void *ctx, char *server_ip, char *own_ip, int server_port, int own_port)
{
    struct transfer *x = ctx;
    struct err err;

    (void)server_ip, (void)own_ip, (void)server_port, (void)own_port;
    if (channel_note(x->client, &err) < 0 || check_attested(x, &err) < 0) {
        end_with(x, &err);
        return CURL_PREREQFUNC_ABORT;
    }
    if (x->exporter_wanted != NULL && !is_connection(x->client, x->exporter_wanted)) {
        err_set(&err, ERR_UNREACHABLE, "the connection was opened anew");
        end_with(x, &err);
        x->reopened = true;
        return CURL_PREREQFUNC_ABORT;
    }
    x->reply->sent = true;
    return CURL_PREREQFUNC_OK;
}

static CURLcode on_tls(CURL *curl, void *ssl_ctx, void *ctx)
{
    (void)curl, (void)ctx;
    tls_peer_verify_plainly(ssl_ctx);
    return CURLE_OK;
}

void transfer_set_callbacks(struct transfer *x)
{
    SET(x, CURLOPT_HEADERFUNCTION, on_header);
    SET(x, CURLOPT_HEADERDATA, x);
    SET(x, CURLOPT_WRITEFUNCTION, on_body);
    SET(x, CURLOPT_WRITEDATA, x);
    SET(x, CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(x, CURLOPT_XFERINFODATA, x);
    SET(x, CURLOPT_NOPROGRESS, 0L);
    SET(x, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    SET(x, CURLOPT_PREREQFUNCTION, on_request);
    SET(x, CURLOPT_PREREQDATA, x);
    if (x->call->upload != NULL) {
        SET(x, CURLOPT_READFUNCTION, x->call->upload->read != NULL ? on_read_stream : on_read);
        SET(x, CURLOPT_READDATA, x);
        SET(x, CURLOPT_SEEKFUNCTION, on_seek);
        SET(x, CURLOPT_SEEKDATA, x);
    }
}
