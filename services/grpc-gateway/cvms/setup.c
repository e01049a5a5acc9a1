#include "services/grpc-gateway/cvms/setup.h"

#include "lib/api/cvms_url.h"
#include "lib/base/file.h"
#include "lib/program/log.h"

#include <unistd.h>

#define PEM_MAX        (256 * KIB)
#define MEMORY_MIN_MIB 16

struct cvms_setup {
    struct cvms_client_config config;
    struct key *owner;
    struct api_cvms_url url;
    struct cvms_client *client;
};

/* --- files --- */

static int read_named(const char *path, struct buf *out, struct err *err)
{
    return path[0] == '\0' ? 0 : file_read(path, out, err);
}

static int open_tls(const struct config *config, bool is_plain, SSL_CTX **ret, struct err *err)
{
    OWNED_BUF ca = BUF_OF(PEM_MAX), certificate = BUF_OF(PEM_MAX);
    OWNED_BUF key = {.max = PEM_MAX, .secret = true};
    struct h2_tls_client_config tls;

    *ret = NULL;
    if (is_plain)
        return 0;
    if (read_named(config->cvms_ca, &ca, err) < 0 ||
        read_named(config->cvms_certificate, &certificate, err) < 0 ||
        read_named(config->cvms_key, &key, err) < 0)
        return -1;
    tls = (struct h2_tls_client_config){buf_span(&ca), buf_span(&certificate), buf_span(&key)};
    return h2_tls_new_client(&tls, ret, err);
}

/* An owner proves his key to the agent, and a server that is only heard through a stream cannot do
 * so: the key is this program's, and what the server orders belongs to it. */
static int open_owner(const struct config *config, struct key **ret, struct err *err)
{
    OWNED_BUF pem = {.max = PEM_MAX, .secret = true};

    if (config->cvms_owner_key[0] == '\0')
        return key_generate(KEY_P256, 0, ret, err);
    if (file_read(config->cvms_owner_key, &pem, err) < 0 ||
        key_load_private_pem(buf_span(&pem), ret, err) < 0)
        return err_wrap(err, "owner's key '%s'", config->cvms_owner_key);
    return 0;
}

static uint32_t run_memory_mib(const struct config *config)
{
    uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES), page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t half = pages * page / MIB / 2;

    if (config->cvms_run_memory_mib > 0)
        return (uint32_t)config->cvms_run_memory_mib;
    return half > MEMORY_MIN_MIB ? (uint32_t)half : MEMORY_MIN_MIB;
}

/* --- life --- */

static int start(struct cvms_setup *setup, const struct config *config, struct err *err)
{
    struct cvms_client_config *client = &setup->config;

    if (api_cvms_url_read(config->cvms_url, &setup->url, err) < 0)
        return err_wrap(err, "--cvms-url");
    if (open_tls(config, setup->url.is_plain, &client->tls, err) < 0 ||
        open_owner(config, &setup->owner, err) < 0)
        return -1;
    client->authority = setup->url.authority;
    client->server_name = setup->url.host;
    client->address = config->cvms_via[0] != '\0' ? config->cvms_via : client->authority;
    client->desk.terms.owner = setup->owner;
    return cvms_client_start(client, &setup->client, err);
}

int cvms_setup_start(const struct config *config, const struct agent_door *door,
                     struct cvms_setup **ret, struct err *err)
{
    struct cvms_setup *setup = mem_new(struct cvms_setup);
    char identity[KEY_IDENTITY_TEXT_SIZE];

    setup->config = (struct cvms_client_config){
        .job = config->cvms_job,
        .spool_bytes = config->cvms_spool_mib * MIB,
        .retry_ms = config->cvms_retry,
        .quiet_ms = config->cvms_quiet,
        .desk = {.door = door,
                 .terms = {.timeout_ms = config->cvms_run_timeout,
                           .memory_mib = run_memory_mib(config),
                           .log_bytes = config->cvms_log_kib * KIB,
                           .signatures = config->cvms_signatures}},
    };
    if (start(setup, config, err) < 0) {
        cvms_setup_stop(setup);
        return err_wrap(err, "computation server");
    }
    key_identity_text(setup->owner, identity);
    log_info("orders come from the computation server %s; their owner's key is %s",
             setup->config.authority, identity);
    *ret = setup;
    return 0;
}

void cvms_setup_stop(struct cvms_setup *setup)
{
    if (setup == NULL)
        return;
    cvms_client_stop(setup->client);
    SSL_CTX_free(setup->config.tls);
    key_free(setup->owner);
    free(setup);
}
