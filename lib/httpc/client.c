#include "lib/httpc/internal.h"

#include "lib/base/text.h"
#include "lib/crypto/x509_make.h"

#define PEM_MAX         (1 * MIB)
#define CERTIFICATE_AGE 3600  /* our clock may be ahead of the server's */
#define ATTEMPTS        3     /* at a connection that is attested, and then lost again */
#define CERTIFICATE_TTL 86400 /* longer than any call */

static int check_url(const char *text, char **ret, struct err *err)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *user = NULL, *path = NULL, *query = NULL;
    bool good = parts != NULL && text != NULL && curl_url_set(parts, CURLUPART_URL, text, 0) == 0;

    if (good) {
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
        curl_url_get(parts, CURLUPART_USER, &user, 0);
        curl_url_get(parts, CURLUPART_PATH, &path, 0);
        curl_url_get(parts, CURLUPART_QUERY, &query, 0);
        good = scheme != NULL && strcmp(scheme, "https") == 0 && user == NULL && query == NULL &&
               (path == NULL || strcmp(path, "/") == 0);
    }
    curl_free(scheme);
    curl_free(user);
    curl_free(path);
    curl_free(query);
    curl_url_cleanup(parts);

    if (!good)
        return err_set(err, ERR_USAGE, "'%s' is not an address like https://127.0.0.1:7443",
                       text ? text : "");
    *ret = mem_strdup(text);
    if (text_ends_with(text, "/"))
        (*ret)[strlen(text) - 1] = '\0';
    return 0;
}

static int check_pin(const char *pin, struct err *err)
{
    static const char prefix[] = "sha256//";
    OWNED_BUF digest = BUF_OF(SHA256_SIZE);

    if (pin == NULL)
        return 0;
    if (!text_starts_with(pin, prefix) ||
        text_decode_base64(span_of_str(pin + strlen(prefix)), &digest, err) < 0 ||
        digest.len != SHA256_SIZE)
        return err_set(err, ERR_USAGE,
                       "'%.80s' is not a pin like sha256//BASE64 (SHA-256 of the server's key)",
                       pin);
    return 0;
}

/* A self-signed certificate that does nothing but carry the key into the handshake. */
static int make_certificate(struct httpc *client, struct err *err)
{
    const struct key *key = client->config.key;
    int64_t now = client->config.clock();
    struct x509_subject subject = {
        .common_name = "cocos client",
        .not_before = now - CERTIFICATE_AGE,
        .not_after = now + CERTIFICATE_TTL,
        .client = true,
    };

    client->key_pem.secret = true;
    if (key_write_private_pem(key, &client->key_pem, err) < 0 ||
        x509_make(&subject, key, (struct span){0}, key, &client->certificate_pem, err) < 0)
        return err_wrap(err, "client certificate");
    return 0;
}

/* It becomes part of a header, where a line break would begin another one. */
static int check_token(const char *token, struct err *err)
{
    for (const char *p = token; p != NULL && *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            return err_set(err, ERR_USAGE, "the token has characters that no token has");
    return 0;
}

static int check_ca(const struct httpc_config *config, struct err *err)
{
    OWNED_KEY *key = NULL;

    if (config->trust != HTTPC_TRUST_CA)
        return 0;
    if (key_load_certificate(config->ca_pem, &key, err) < 0)
        return err_wrap(err, "CA certificate");
    return 0;
}

/* The copies, and the configuration pointing at them. */
static void keep_config(struct httpc *client, const struct httpc_config *config)
{
    client->pin = mem_strdup(config->pin);
    client->token = mem_strdup(config->token);
    client->proxy = mem_strdup(config->proxy);
    client->socket = mem_strdup(config->socket);
    client->user_agent = mem_strdup(config->user_agent);
    buf_add_span(&client->ca_pem, config->ca_pem);

    client->config = *config;
    client->config.url = client->url;
    client->config.pin = client->pin;
    client->config.token = client->token;
    client->config.proxy = client->proxy;
    client->config.socket = client->socket;
    client->config.user_agent = client->user_agent;
    client->config.ca_pem = buf_span(&client->ca_pem);
}

static int prepare(struct httpc *client, const struct httpc_config *config, struct err *err)
{
    if (check_url(config->url, &client->url, err) < 0 || check_pin(config->pin, err) < 0 ||
        check_token(config->token, err) < 0 || check_ca(config, err) < 0)
        return -1;
    keep_config(client, config);
    if (config->key != NULL && config->auth == HTTPC_AUTH_CERTIFICATE &&
        make_certificate(client, err) < 0)
        return -1;

    client->curl = curl_easy_init();
    if (client->curl == NULL)
        return err_set(err, ERR_INTERNAL, "libcurl cannot be initialised");
    return 0;
}

int httpc_new(const struct httpc_config *config, struct httpc **ret, struct err *err)
{
    OWNED_HTTPC *client = mem_new(struct httpc);

    client->ca_pem = BUF_OF(PEM_MAX);
    client->certificate_pem = BUF_OF(PEM_MAX);
    client->key_pem = BUF_OF(PEM_MAX);
    if (prepare(client, config, err) < 0)
        return config->name != NULL ? err_wrap(err, "%s", config->name) : -1;
    *ret = GIVE(client);
    return 0;
}

void httpc_free(struct httpc *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    if (client->token != NULL)
        mem_wipe(client->token, strlen(client->token));
    free(client->url);
    free(client->pin);
    free(client->token);
    free(client->proxy);
    free(client->socket);
    free(client->user_agent);
    buf_done(&client->ca_pem);
    buf_done(&client->certificate_pem);
    buf_done(&client->key_pem);
    free(client);
}

const char *httpc_url(const struct httpc *client)
{
    return client->url;
}

const char *httpc_peer_pin(const struct httpc *client)
{
    return client->peer_pin;
}

void httpc_reply_done(struct httpc_reply *reply)
{
    json_free(reply->json);
    buf_done(&reply->text);
    *reply = (struct httpc_reply){0};
}

static int perform_once(struct httpc *client, const struct httpc_call *call,
                        struct httpc_reply *reply, struct err *err)
{
    struct transfer x = {.client = client, .call = call, .reply = reply};
    int result;

    httpc_reply_done(reply);
    if (client->config.key != NULL && client->config.auth == HTTPC_AUTH_SIGNATURE &&
        call->op->auth != API_AUTH_NONE)
        return signed_run(client, call, reply, err);

    transfer_prepare(&x);
    if (call->computation != NULL && call->computation[0] != '\0')
        transfer_add_header(&x, "Cocos-Computation: %s", call->computation);
    result = transfer_run(&x, err);
    transfer_done(&x);
    return result;
}

int httpc_perform(struct httpc *client, const struct httpc_call *call, struct httpc_reply *reply,
                  struct err *err)
{
    int result;

    for (int i = 0; i < ATTEMPTS; i++) {
        client->channel.lost = false;
        result = perform_once(client, call, reply, err);
        if (result == 0 || !client->channel.lost)
            return result;
        if (channel_renew(client, err) < 0)
            return -1;
    }
    return err_set(err, ERR_UNREACHABLE, "%s: the connection does not stay open", client->url);
}
