/* One request on the wire: the options of libcurl, and what came back. */
#include "lib/httpc/internal.h"

#include "lib/base/text.h"
#include "lib/http/problem.h"

#include <stdarg.h>
#include <stdio.h>

#define URL_MAX            (16 * KIB)
#define BLOCK              (256 * KIB)
#define CONNECT_TIMEOUT_MS 10000
#define STALL_TIMEOUT_MS   300000 /* unpacking a large archive is silent, too */

/* --- options --- */

static struct curl_blob blob_of(struct buf *pem)
{
    return (struct curl_blob){.data = pem->data, .len = pem->len, .flags = CURL_BLOB_NOCOPY};
}

static void set_trust(struct transfer *x)
{
    struct httpc *client = x->client;
    struct curl_blob ca = blob_of(&client->ca_pem);
    bool by_chain =
        client->config.trust == HTTPC_TRUST_SYSTEM || client->config.trust == HTTPC_TRUST_CA;

    SET(x, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    SET(x, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    SET(x, CURLOPT_SSL_VERIFYPEER, by_chain ? 1L : 0L);
    SET(x, CURLOPT_SSL_VERIFYHOST, by_chain ? 2L : 0L);
    if (client->config.trust == HTTPC_TRUST_CA) {
        SET(x, CURLOPT_CAINFO, NULL);
        SET(x, CURLOPT_CAPATH, NULL);
        SET(x, CURLOPT_CAINFO_BLOB, &ca);
    }
    if (client->pin != NULL)
        SET(x, CURLOPT_PINNEDPUBLICKEY, client->pin);
}

static void set_identity(struct transfer *x)
{
    struct httpc *client = x->client;
    struct curl_blob certificate = blob_of(&client->certificate_pem);
    struct curl_blob key = blob_of(&client->key_pem);

    if (certificate.len > 0) {
        SET(x, CURLOPT_SSLCERTTYPE, "PEM");
        SET(x, CURLOPT_SSLKEYTYPE, "PEM");
        SET(x, CURLOPT_SSLCERT_BLOB, &certificate);
        SET(x, CURLOPT_SSLKEY_BLOB, &key);
    }
    if (client->token != NULL)
        transfer_add_header(x, "Authorization: Bearer %s", client->token);
}

static void set_connection(struct transfer *x)
{
    const struct httpc_config *config = &x->client->config;
    unsigned connect_ms =
        config->connect_timeout_ms ? config->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    long block = config->block != 0 ? (long)config->block : (long)BLOCK;
    unsigned stall_ms = config->stall_timeout_ms ? config->stall_timeout_ms : STALL_TIMEOUT_MS;

    SET(x, CURLOPT_URL, buf_str(&x->url));
    SET(x, CURLOPT_PATH_AS_IS, 1L);
    SET(x, CURLOPT_PROTOCOLS_STR, "https");
    SET(x, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (config->socket != NULL)
        SET(x, CURLOPT_UNIX_SOCKET_PATH, config->socket);
    SET(x, CURLOPT_PROXY, config->proxy != NULL ? config->proxy : "");
    SET(x, CURLOPT_FOLLOWLOCATION, 0L);
    SET(x, CURLOPT_NOSIGNAL, 1L);
    SET(x, CURLOPT_MAXCONNECTS, 1L);
    SET(x, CURLOPT_TCP_KEEPALIVE, 1L);
    SET(x, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    if (!x->call->endless) {
        SET(x, CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(x, CURLOPT_LOW_SPEED_TIME, (long)(stall_ms + 999) / 1000);
    }
    SET(x, CURLOPT_BUFFERSIZE, block);
    SET(x, CURLOPT_UPLOAD_BUFFERSIZE, block);
    SET(x, CURLOPT_ERRORBUFFER, x->curl_text);
    if (config->user_agent != NULL)
        SET(x, CURLOPT_USERAGENT, config->user_agent);
}

static void set_body(struct transfer *x)
{
    const struct httpc_upload *upload = x->call->upload;

    if (upload != NULL) {
        SET(x, CURLOPT_UPLOAD, 1L);
        SET(x, CURLOPT_INFILESIZE_LARGE,
            upload->read != NULL && upload->size == 0 ? -1 : (curl_off_t)upload->size);
        transfer_add_header(x, "Content-Type: %s",
                            upload->media_type ? upload->media_type : "application/octet-stream");
    } else if (x->call->json != NULL) {
        SET(x, CURLOPT_POST, 1L);
        SET(x, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.len);
        SET(x, CURLOPT_POSTFIELDS, buf_str(&x->body));
        transfer_add_header(x, "Content-Type: application/json");
        transfer_add_header(x, "Expect:"); /* a small body is not worth a round trip */
    } else if (x->call->op->method == API_POST) {
        SET(x, CURLOPT_POST, 1L);
        SET(x, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        SET(x, CURLOPT_POSTFIELDS, "");
        transfer_add_header(x, "Content-Type:");
    }
}

static void set_method(struct transfer *x)
{
    if (x->call->op->method == API_HEAD)
        SET(x, CURLOPT_NOBODY, 1L);
    else
        SET(x, CURLOPT_CUSTOMREQUEST, api_method_names[x->call->op->method]);
}

void transfer_add_header(struct transfer *x, const char *format, ...)
{
    OWNED(free_str) char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    x->headers = curl_slist_append(x->headers, text);
}

void transfer_prepare(struct transfer *x)
{
    const struct httpc_call *call = x->call;

    x->url = BUF_OF(URL_MAX);
    x->body = BUF_OF(call->op->body_max);
    x->reply->text = BUF_OF(HTTPC_REPLY_MAX);
    x->reply->length = UINT64_MAX;
    buf_add_str(&x->url, x->client->url);
    pattern_fill(call->op->path, call->params, &x->url);
    if (call->query != NULL && call->query[0] != '\0')
        buf_printf(&x->url, "?%s", call->query);
    if (call->json != NULL)
        json_write(call->json, &x->body);
}

void transfer_done(struct transfer *x)
{
    curl_slist_free_all(x->headers);
    buf_done(&x->url);
    buf_done(&x->body);
}

/* --- what came back --- */

/* Reads the body into reply->json when it is JSON; the text goes then. */
static int read_json(struct httpc_reply *reply, struct err *err)
{
    if (!text_starts_with(reply->media_type, "application/json") || reply->text.len == 0)
        return 0;
    if (json_parse(buf_span(&reply->text), &reply->json, err) < 0) {
        err->kind = ERR_INTERNAL; /* the server's fault, whatever the parser calls it */
        return err_wrap(err, "the answer is not the JSON it says");
    }
    buf_reset(&reply->text);
    return 0;
}

static void trace(const struct transfer *x, CURLcode code)
{
    const struct httpc_config *config = &x->client->config;
    OWNED(free_str) char *line = NULL;

    if (config->trace == NULL)
        return;
    line = mem_printf("%s %s: %d%s%s%s%s", api_method_names[x->call->op->method], buf_str(&x->url),
                      x->reply->status, x->reply->request_id[0] ? ", request " : "",
                      x->reply->request_id, code != CURLE_OK ? ", " : "",
                      code != CURLE_OK ? curl_easy_strerror(code) : "");
    config->trace(config->ctx, line);
}

static int judge(struct transfer *x, CURLcode code, struct err *err)
{
    struct httpc_reply *reply = x->reply;

    /* A server that refuses a body closes while we send: its answer says more than the broken pipe.
     */
    if (reply->status >= 300 && !x->failed) {
        problem_to_err(reply->status, buf_span(&reply->text), err);
        return x->client->config.name ? err_wrap(err, "%s", x->client->config.name) : -1;
    }
    if (code != CURLE_OK && !x->quiet)
        return curl_to_err(code, x, err);
    if (!transfer_succeeded(x))
        return err_set(err, ERR_UNREACHABLE, "%s: an answer of status %d means nothing here",
                       x->client->url, reply->status);
    return read_json(reply, err);
}

void transfer_note_length(struct transfer *x)
{
    curl_off_t length = -1;

    if (curl_easy_getinfo(x->client->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) ==
            CURLE_OK &&
        length >= 0)
        x->reply->length = (uint64_t)length;
}

int transfer_run(struct transfer *x, struct err *err)
{
    CURL *curl = x->client->curl;
    CURLcode code;

    if (buf_check(&x->url, "the address", err) < 0 || buf_check(&x->body, "the body", err) < 0)
        return -1;
    set_connection(x);
    set_trust(x);
    set_identity(x);
    transfer_set_callbacks(x);
    set_body(x);
    set_method(x);
    for (const char *const *line = x->call->headers; line != NULL && *line != NULL; line++)
        transfer_add_header(x, "%s", *line);
    SET(x, CURLOPT_HTTPHEADER, x->headers);

    code = curl_easy_perform(curl);
    transfer_note_length(x);
    curl_easy_reset(
        curl); /* options only: the connection stays, and nothing points at x any more */
    trace(x, code);
    return judge(x, code, err);
}
