#include "lib/httpc/fetch.h"

#include "lib/base/text.h"
#include "lib/httpc/internal.h"

#define CONNECT_TIMEOUT_MS 10000
#define TIMEOUT_MS         30000
#define PEM_MAX            (1 * MIB)

struct fetcher {
    CURL *curl;
    struct buf ca_pem;
    char *proxy, *user_agent;
    struct fetch_config config;
};

int fetcher_new(const struct fetch_config *config, struct fetcher **ret, struct err *err)
{
    OWNED_FETCHER *fetcher = mem_new(struct fetcher);
    OWNED_KEY *key = NULL;

    fetcher->ca_pem = BUF_OF(PEM_MAX);
    fetcher->config = *config;
    fetcher->proxy = mem_strdup(config->proxy);
    fetcher->user_agent = mem_strdup(config->user_agent);
    buf_add_span(&fetcher->ca_pem, config->ca_pem);
    if (fetcher->ca_pem.len > 0 && key_load_certificate(buf_span(&fetcher->ca_pem), &key, err) < 0)
        return err_wrap(err, "CA certificate");
    fetcher->curl = curl_easy_init();
    if (fetcher->curl == NULL)
        return err_set(err, ERR_INTERNAL, "libcurl cannot be initialised");
    *ret = GIVE(fetcher);
    return 0;
}

void fetcher_free(struct fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    curl_easy_cleanup(fetcher->curl);
    buf_done(&fetcher->ca_pem);
    free(fetcher->proxy);
    free(fetcher->user_agent);
    free(fetcher);
}

void fetch_reply_done(struct fetch_reply *reply)
{
    for (size_t i = 0; i < reply->field_count; i++)
        free(reply->fields[i]);
    *reply = (struct fetch_reply){0};
}

/* --- one document --------------------------------------------------------------------------------
 */

struct fetch {
    struct fetcher *fetcher;
    const char *url;
    struct buf *out;
    char curl_text[CURL_ERROR_SIZE];
};

static size_t on_document(char *data, size_t size, size_t count, void *ctx)
{
    struct fetch *fetch = ctx;

    buf_add(fetch->out, data, size * count);
    return fetch->out->overflow ? 0 : size * count;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct fetch_config *config = &((struct fetch *)ctx)->fetcher->config;

    (void)a, (void)b, (void)c, (void)d;
    return config->stopped != NULL && config->stopped(config->ctx) ? 1 : 0;
}

static void set_options(struct fetch *fetch)
{
    struct fetcher *fetcher = fetch->fetcher;
    struct curl_blob ca = {fetcher->ca_pem.data, fetcher->ca_pem.len, CURL_BLOB_NOCOPY};
    CURL *curl = fetcher->curl;
    unsigned timeout = fetcher->config.timeout_ms != 0 ? fetcher->config.timeout_ms : TIMEOUT_MS;

    curl_easy_setopt(curl, CURLOPT_URL, fetch->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (ca.len > 0) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
    }
    curl_easy_setopt(curl, CURLOPT_PROXY, fetcher->proxy != NULL ? fetcher->proxy : "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(timeout < CONNECT_TIMEOUT_MS ? timeout : CONNECT_TIMEOUT_MS));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout);
    if (fetcher->user_agent != NULL)
        curl_easy_setopt(curl, CURLOPT_USERAGENT, fetcher->user_agent);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->curl_text);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_document);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
}

static void read_answer(CURL *curl, const char *const *wanted, struct fetch_reply *reply)
{
    curl_off_t wait = 0;
    long status = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status;
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
    reply->retry_after_s = wait > 0 ? (uint32_t)(wait < UINT32_MAX ? wait : UINT32_MAX) : 0;
    for (size_t i = 0; wanted != NULL && wanted[i] != NULL && i < FETCH_FIELDS_MAX; i++) {
        struct curl_header *header = NULL;

        if (curl_easy_header(curl, wanted[i], 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
            reply->fields[i] = mem_strdup(header->value);
        reply->field_count = i + 1;
    }
}

static int judge_status(const char *url, int status, struct err *err)
{
    if (status == 200)
        return 0;
    if (status == 404)
        return err_set(err, ERR_NOT_FOUND, "%s: not there (404)", url);
    if (status == 429)
        return err_set(err, ERR_TOO_MANY, "%s: asked too often (429)", url);
    if (status >= 500)
        return err_set(err, ERR_UNAVAILABLE, "%s: the service fails (%d)", url, status);
    return err_set(err, ERR_UNREACHABLE, "%s: an answer of status %d, expected 200", url, status);
}

static int judge_fetch(const struct fetch *fetch, CURLcode code, int status, struct err *err)
{
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    if (code == CURLE_WRITE_ERROR && fetch->out->overflow)
        return err_set(err, ERR_TOO_LARGE, "%s: the document is over %zu bytes", fetch->url,
                       fetch->out->max);
    if (code != CURLE_OK)
        return curl_explain(code, fetch->url, fetch->curl_text, err);
    return judge_status(fetch->url, status, err);
}

int fetch_get(struct fetcher *fetcher, const char *url, const char *const *wanted, struct buf *out,
              struct fetch_reply *reply, struct err *err)
{
    struct fetch fetch = {.fetcher = fetcher, .url = url, .out = out};
    CURLcode code;

    fetch_reply_done(reply);
    if (!text_starts_with(url, "https://"))
        return err_set(err, ERR_USAGE, "'%s' is no address that begins with https://", url);
    set_options(&fetch);
    code = curl_easy_perform(fetcher->curl);
    read_answer(fetcher->curl, wanted, reply);
    curl_easy_reset(fetcher->curl); /* options only: the connections stay */
    if (fetcher->config.trace != NULL) {
        OWNED(free_str)
        char *line = mem_printf("GET %s: %d, %zu bytes%s%s", url, reply->status, out->len,
                                code != CURLE_OK ? ", " : "",
                                code != CURLE_OK ? curl_easy_strerror(code) : "");

        fetcher->config.trace(fetcher->config.ctx, line);
    }
    return judge_fetch(&fetch, code, reply->status, err);
}
