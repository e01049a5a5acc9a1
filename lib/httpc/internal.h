/* What the files of this room share: the client's inside, and one request under way. */
#ifndef COCOS_HTTPC_INTERNAL_H
#define COCOS_HTTPC_INTERNAL_H

#include "lib/attest/evidence/transcript.h"
#include "lib/httpc/httpc.h"

#include <curl/curl.h>

#define EXPORTER_SIZE 32

/* What is asked of a connection for evidence, and what it is at that moment. */
struct channel_question {
    uint8_t nonce[TRANSCRIPT_VALUE_SIZE];
    uint8_t exporter[TRANSCRIPT_VALUE_SIZE]; /* with the nonce as its context */
    uint8_t server[SHA256_SIZE];             /* of the SPKI that it shows */
};

/* Whether requests may go out only on a connection that was attested, and on which. */
struct channel {
    const struct httpc_terms *terms;   /* NULL: on any */
    bool open;                         /* one was attested ... */
    uint8_t connection[EXPORTER_SIZE]; /* ... this one */
    bool lost;                         /* a request was held back, since it was another */
};

struct httpc {
    CURL *curl;
    char *url;
    char *pin;
    char *token;
    char *proxy;
    char *socket;
    char *user_agent;
    struct buf ca_pem;
    struct buf certificate_pem; /* ours, in the handshake */
    struct buf key_pem;         /* secret */
    struct httpc_config config; /* its strings and spans point into the copies above */

    bool exporter_known; /* of the connection as the last call saw it */
    uint8_t exporter[EXPORTER_SIZE];
    uint8_t peer_id[SHA256_SIZE];
    char peer_pin[HTTPC_PIN_SIZE];
    struct channel channel;
};

/* One request under way; the callbacks of libcurl work on it. */
struct transfer {
    struct httpc *client;
    const struct httpc_call *call;
    struct httpc_reply *reply;
    struct curl_slist *headers;
    struct buf url;
    struct buf body; /* JSON that goes up */

    struct channel_question *question; /* this one asks for evidence; NULL: it does not */
    const uint8_t *exporter_wanted;    /* the connection must be this one; NULL: any */
    bool reopened;                     /* ... but it was another */
    uint64_t up_at;                    /* next byte of the upload */
    uint64_t down_at;                  /* bytes that came */
    int64_t heard_ms;                  /* when something came last; 0: nothing yet */
    bool quiet;                        /* ended because nothing came any more, as asked for */
    bool failed;                       /* a callback ended the call and says why in err */
    struct err err;
    char curl_text[CURL_ERROR_SIZE];
};

/* Performs x->call once; the caller has set client, call and reply, and headers beyond the usual.
 */
MUST_USE int transfer_run(struct transfer *x, struct err *err);
void transfer_done(struct transfer *x);
void transfer_add_header(struct transfer *x, const char *format, ...) PRINTF_LIKE(2, 3);
/* Fills x->url, and x->body when the call carries JSON. */
void transfer_prepare(struct transfer *x);

/* The answer is of 2xx, as far as it is known. */
bool transfer_succeeded(const struct transfer *x);
/* Once the answer's head is there. */
void transfer_note_length(struct transfer *x);
void transfer_set_callbacks(struct transfer *x);

#define SET(x, option, value) curl_easy_setopt((x)->client->curl, option, value)

/* Looks at the live connection: notes its exporter and the server's key in the client. */
MUST_USE int channel_note(struct httpc *client, struct err *err);

/* The call with a signature on it, on a connection that stays the same from signing to sending. */
MUST_USE int signed_run(struct httpc *client, const struct httpc_call *call,
                        struct httpc_reply *reply, struct err *err);

/* Notes in the question what the live connection is; after channel_note(). */
MUST_USE int channel_ask(struct httpc *client, struct channel_question *question, struct err *err);

/* Attests the connection anew, by the same terms. UNTRUSTED when that does not hold. */
MUST_USE int channel_renew(struct httpc *client, struct err *err);

/* What a code of libcurl means about the address; curl_text: its own words, or "". */
MUST_USE int curl_explain(CURLcode code, const char *url, const char *curl_text, struct err *err);

/* What a failed transfer means. */
MUST_USE int curl_to_err(CURLcode code, const struct transfer *x, struct err *err);

#endif
