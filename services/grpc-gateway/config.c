#include "services/grpc-gateway/config.h"

#include "services/grpc-gateway/agent/client.h"

#include "lib/base/text.h"
#include "lib/program/log.h"

#include <string.h>

static const struct setting settings[] = {
    SETTING_TEXT(config, listen, "COCOS_GATEWAY_LISTEN", "127.0.0.1:7020",
                 "address and port to serve on, or unix:PATH"),
    SETTING_BOOL(config, plaintext, "COCOS_GATEWAY_PLAINTEXT", "false",
                 "serve without TLS, as clients without any TLS setting expect it"),
    SETTING_BOOL(config, attested_tls, "COCOS_GATEWAY_ATTESTED_TLS", "false",
                 "answer clients of the older attested TLS, where the manifest allows their "
                 "evidence (legacy.attestation)"),
    SETTING_TEXT(config, certificate, "COCOS_GATEWAY_CERTIFICATE", "",
                 "file of the certificate and its chain, PEM; empty: a fresh one of its own"),
    SETTING_TEXT(config, key, "COCOS_GATEWAY_KEY", "", "file of its private key, PEM"),
    SETTING_TEXT(config, client_ca, "COCOS_GATEWAY_CLIENT_CA", "",
                 "file of the authorities by one of which every client must show a certificate"),
    SETTING_TEXT(
        config, agent, "COCOS_GATEWAY_AGENT", "",
        "where the agent is, unix:PATH or https://HOST:PORT; empty: agent.AgentService is not "
        "served"),
    SETTING_TEXT(config, agent_pin, "COCOS_GATEWAY_AGENT_PIN", "",
                 "the key that the agent must show, sha256//BASE64; chain: the one of the "
                 "certificate that stands behind our own; empty: on loopback any"),
    SETTING_TEXT(config, manager, "COCOS_GATEWAY_MANAGER", "",
                 "where the manager is; empty: manager.ManagerService is not served"),
    SETTING_TEXT(config, manager_ca, "COCOS_GATEWAY_MANAGER_CA", "",
                 "file of the authority of the manager's certificate"),
    SETTING_TEXT(config, tokens, "COCOS_GATEWAY_TOKENS", "",
                 "file with a line for each client: SHA-256 of its key, blank, manager's token"),
    SETTING_TEXT(
        config, cvms_url, "COCOS_GATEWAY_CVMS_URL", "",
        "a computation server to take orders from, https://HOST:PORT, or http:// without TLS; "
        "empty: none"),
    SETTING_TEXT(config, cvms_via, "COCOS_GATEWAY_CVMS_VIA", "",
                 "the address, HOST:PORT or unix:PATH, that leads there; empty: its own"),
    SETTING_TEXT(config, cvms_ca, "COCOS_GATEWAY_CVMS_CA", "",
                 "file of the authorities of its certificate, PEM; empty: this machine's"),
    SETTING_TEXT(config, cvms_certificate, "COCOS_GATEWAY_CVMS_CERTIFICATE", "",
                 "file of the certificate to show it, PEM; empty: none"),
    SETTING_TEXT(config, cvms_key, "COCOS_GATEWAY_CVMS_KEY", "",
                 "file of that certificate's private key, PEM"),
    SETTING_TEXT(config, cvms_job, "COCOS_GATEWAY_CVMS_JOB", "",
                 "what it calls this machine (job-id); empty: nothing"),
    SETTING_TEXT(config, cvms_owner_key, "COCOS_GATEWAY_CVMS_OWNER_KEY", "",
                 "file of the private key that owns what it orders, PEM; empty: a fresh one"),
    SETTING_BOOL(config, cvms_signatures, "COCOS_GATEWAY_CVMS_SIGNATURES", "true",
                 "whether the parties of its orders may sign the name of their role "
                 "(legacy.signatures), as existing clients do"),
    SETTING_DURATION(config, cvms_retry, "COCOS_GATEWAY_CVMS_RETRY", "30s", 10, 3600000,
                     "the longest pause before it is tried again"),
    SETTING_DURATION(config, cvms_quiet, "COCOS_GATEWAY_CVMS_QUIET", "6m", 100, 86400000,
                     "the silence after which it is asked whether it is still there"),
    SETTING_U64(config, cvms_spool_mib, "COCOS_GATEWAY_CVMS_SPOOL_MIB", "16", 1, 1024,
                "MiB of memory for what it was not told yet; when full, the oldest logs go first"),
    SETTING_U64(config, cvms_log_kib, "COCOS_GATEWAY_CVMS_LOG_KIB", "1024", 0, 65536,
                "KiB that are kept of what an algorithm says, and told to it; 0: nothing is"),
    SETTING_DURATION(config, cvms_run_timeout, "COCOS_GATEWAY_CVMS_RUN_TIMEOUT", "24h", 1000,
                     2592000000, "how long a run that it orders may take"),
    SETTING_U64(config, cvms_run_memory_mib, "COCOS_GATEWAY_CVMS_RUN_MEMORY_MIB", "0", 0, 16777216,
                "MiB of memory for a run that it orders; 0: half of this machine's"),
    SETTING_DURATION(config, patience, "COCOS_GATEWAY_PATIENCE", "1m", 1000, 3600000,
                     "how long a client may keep a call waiting, and then moves 1 KiB a second"),
    SETTING_CHOICE(config, log_level, "COCOS_GATEWAY_LOG_LEVEL", "info", log_level_names,
                   "the least important messages to log"),
};

const struct program_info gateway_info = {
    .name = "cocos-gateway",
    .summary = "speaks gRPC for the agent and the manager",
    .essay =
        "Existing clients speak gRPC; the agent and the manager speak HTTPS. The gateway stands "
        "between them and decides nothing: it hands on what it is told and what it is "
        "answered.\n\n"
        "The agent's door stands inside of the confidential virtual machine, beside the agent, so "
        "that no upload is ever in clear on the host. On the host only the manager's door may "
        "stand.\n\n"
        "At SIGHUP it reads its certificate, the key and --client-ca anew: who is connected is "
        "asked "
        "to connect again, and what is under way goes on.\n\n"
        "With --cvms-url the gateway also dials out to a computation server of the older, gRPC "
        "kind, takes its orders to the agent, and tells it what happens. `cocos-gateway "
        "cvms-server` is such a server for trying things out; see cocos-gateway-cvms-server(8).",
    .settings = settings,
    .setting_count = COUNT_OF(settings),
};

static int check_address(const char *flag, const char *at, const char *local, struct err *err)
{
    if (at[0] == '\0' || text_starts_with(at, "https://") ||
        (local != NULL && text_starts_with(at, local)))
        return 0;
    return err_set(err, ERR_USAGE, "%s is '%s', and has to be https://HOST:PORT%s", flag, at,
                   local != NULL ? " or unix:PATH" : "");
}

int config_check(const struct config *config, struct err *err)
{
    bool has_certificate = config->certificate[0] != '\0', has_key = config->key[0] != '\0';

    if (config->agent[0] == '\0' && config->manager[0] == '\0')
        return err_set(err, ERR_USAGE,
                       "nothing to serve: set --agent, --manager, or both, to where they are");
    if (check_address("--agent", config->agent, "unix:", err) < 0 ||
        check_address("--manager", config->manager, NULL, err) < 0)
        return -1;
    if (has_certificate != has_key)
        return err_set(err, ERR_USAGE, "--certificate and --key go together");
    if ((config->cvms_certificate[0] != '\0') != (config->cvms_key[0] != '\0'))
        return err_set(err, ERR_USAGE, "--cvms-certificate and --cvms-key go together");
    if (config->attested_tls && (config->plaintext || config->agent[0] == '\0'))
        return err_set(err, ERR_USAGE, "--attested-tls wants --agent, and TLS");
    if (config->cvms_url[0] != '\0' && config->agent[0] == '\0')
        return err_set(err, ERR_USAGE, "--cvms-url wants --agent: that is who gets its orders");
    if (config->plaintext && (has_certificate || config->client_ca[0] != '\0'))
        return err_set(err, ERR_USAGE, "--plaintext goes with no certificate of anybody");
    if (strcmp(config->agent_pin, AGENT_PIN_CHAIN) == 0 && !has_certificate)
        return err_set(err, ERR_USAGE,
                       "--agent-pin " AGENT_PIN_CHAIN " wants --certificate: the key is that of "
                       "the second certificate in it");
    if (config->manager[0] != '\0' && config->tokens[0] == '\0')
        return err_set(err, ERR_USAGE,
                       "--manager wants --tokens: a client's key selects the manager's token that "
                       "its calls are made with");
    return 0;
}
