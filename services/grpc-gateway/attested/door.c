#include "services/grpc-gateway/attested/door.h"

#include "lib/base/clock.h"
#include "lib/crypto/tls_peer.h"
#include "services/grpc-gateway/agent/evidence.h"
#include "services/grpc-gateway/attested/authenticator.h"

#include <stdlib.h>

#define SPKI_MAX 1024

/* Everything of one connection that its answer needs; the connection may end meanwhile. */
struct job {
    const struct agent_door *agent;
    struct attested_secrets secrets;
    struct attested_server server; /* what it points to is owned */
    struct buf words;
    struct attested_request request; /* borrows from words */
    struct buf spki;
    struct h2_peer peer; /* says whose process the connection was made for */
};

static void job_free(void *arg)
{
    struct job *job = arg;

    if (job == NULL)
        return;
    for (size_t i = 0; i < job->server.count; i++)
        OPENSSL_free((void *)job->server.certificates[i].data);
    EVP_PKEY_free(job->server.key);
    mem_wipe(&job->secrets, sizeof(job->secrets));
    buf_done(&job->words);
    buf_done(&job->spki);
    free(job);
}
static void job_release(struct job **job)
{
    job_free(*job);
}
#define OWNED_JOB __attribute__((cleanup(job_release))) struct job

/* --- from the connection --------------------------------------------------------------------- */

static int export_secrets(SSL *ssl, struct span context, struct attested_secrets *ret,
                          struct err *err)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    size_t size;

    ret->hash = EVP_MD_get_size(SSL_CIPHER_get_handshake_digest(cipher)) == SHA384_SIZE
                    ? DIGEST_SHA384
                    : DIGEST_SHA256;
    size = digest_size(ret->hash);
    if (tls_peer_export(ssl, ATTESTED_LABEL_CONTEXT, span_of(NULL, 0), ret->context, size, err) <
            0 ||
        tls_peer_export(ssl, ATTESTED_LABEL_KEY, span_of(NULL, 0), ret->finished_key, size, err) <
            0)
        return -1;
    return tls_peer_export(ssl, ATTESTED_LABEL, context, ret->exported, sizeof(ret->exported), err);
}

static int add_certificate(struct attested_server *server, X509 *certificate, struct err *err)
{
    uint8_t *der = NULL;
    int len = i2d_X509(certificate, &der);

    if (len <= 0 || server->count == ATTESTED_CERTIFICATES_MAX) {
        OPENSSL_free(der);
        return err_set(err, ERR_INTERNAL, "our own certificates cannot be told");
    }
    server->certificates[server->count++] = span_of(der, (size_t)len);
    return 0;
}

static int take_server(SSL *ssl, struct job *job, struct err *err)
{
    X509 *leaf = SSL_get_certificate(ssl);
    STACK_OF(X509) *chain = NULL;
    uint8_t *spki = NULL;
    int len;

    SSL_get0_chain_certs(ssl, &chain);
    job->server.key = SSL_get_privatekey(ssl);
    if (leaf == NULL || job->server.key == NULL || EVP_PKEY_up_ref(job->server.key) != 1)
        return err_set(err, ERR_INTERNAL, "there is no certificate of ours");
    len = i2d_PUBKEY(job->server.key, &spki);
    buf_add(&job->spki, spki, len > 0 ? (size_t)len : 0);
    OPENSSL_free(spki);
    job->server.spki = buf_span(&job->spki);
    if (add_certificate(&job->server, leaf, err) < 0)
        return -1;
    for (int i = 0; i < sk_X509_num(chain); i++)
        if (add_certificate(&job->server, sk_X509_value(chain, i), err) < 0)
            return -1;
    return 0;
}

static int prepare(void *agent, SSL *ssl, struct span words, void **ret, struct err *err)
{
    OWNED_JOB *job = mem_new(struct job);

    job->agent = agent;
    job->words = BUF_OF(H2_FIRST_WORDS_MAX);
    job->spki = BUF_OF(SPKI_MAX);
    buf_add_span(&job->words, words);
    if (SSL_version(ssl) != TLS1_3_VERSION)
        return err_set(err, ERR_INPUT, "attested TLS is TLS 1.3");
    if (attested_request_parse(buf_span(&job->words), &job->request, err) < 0 ||
        export_secrets(ssl, job->request.context, &job->secrets, err) < 0 ||
        take_server(ssl, job, err) < 0)
        return -1;
    h2_tls_peer(ssl, &job->peer);
    *ret = GIVE(job);
    return 0;
}

/* --- from the agent -------------------------------------------------------------------------- */

static int ask_agent(struct job *job, bool (*stopped)(void *), void *whom,
                     struct httpc_reply *reply, struct err *err)
{
    OWNED_BUF pin = BUF_OF(HTTPC_PIN_SIZE);
    OWNED_HTTPC *client = NULL;
    OWNED_JSON *question = NULL;
    struct legacy_demand demand;
    struct httpc_config config;

    if (agent_door_config_for(job->agent, &job->peer, &pin, &config, err) < 0)
        return -1;
    config.stopped = stopped;
    config.ctx = whom;
    attested_demand(&job->secrets, &job->server, &demand);
    question = evidence_question(&demand);
    json_set_bool(question, "firmware_log", false); /* there is no room for it */
    if (httpc_new(&config, &client, err) < 0)
        return -1;
    return httpc_perform(
        client, &(struct httpc_call){.op = &agent_ops[AGENT_OP_post_attestation], .json = question},
        reply, err);
}

static int answer(void *arg, bool (*stopped)(void *), void *whom, struct buf *out, struct err *err)
{
    struct job *job = arg;
    OWNED_HTTPC_REPLY reply = {0};
    struct attested_answer answer = {
        .secrets = &job->secrets, .server = &job->server, .request = &job->request};

    if (ask_agent(job, stopped, whom, &reply, err) < 0)
        return err_wrap(err, "attested TLS");
    answer.evidence = buf_span(&reply.text);
    return attested_answer_write(&answer, out, err) < 0 ? err_wrap(err, "attested TLS") : 0;
}

struct h2_first attested_door(struct agent_door *agent)
{
    return (struct h2_first){.measure = attested_frame_measure,
                             .prepare = prepare,
                             .answer = answer,
                             .release = job_free,
                             .ctx = agent};
}

int attested_check_tls(SSL_CTX *tls, struct err *err)
{
    EVP_PKEY *key = SSL_CTX_get0_privatekey(tls);
    char group[32] = "";

    if (key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
        EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
        strcmp(group, "prime256v1") == 0)
        return 0;
    return err_set(err, ERR_USAGE,
                   "--attested-tls wants a key on P-256: its clients know no other signature");
}
