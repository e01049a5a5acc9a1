#include "services/grpc-gateway/config.h"

#include "lib/program/log.h"

static const struct setting settings[] = {
    SETTING_TEXT(config, listen, "COCOS_GATEWAY_LISTEN", "127.0.0.1:7020",
                 "address and port to serve on, or unix:PATH"),
    SETTING_BOOL(config, plaintext, "COCOS_GATEWAY_PLAINTEXT", "false",
                 "serve without TLS, as clients without any TLS setting expect it"),
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
                 "the key that the agent must show, sha256//BASE64; empty: on loopback any"),
    SETTING_TEXT(config, manager, "COCOS_GATEWAY_MANAGER", "",
                 "where the manager is; empty: manager.ManagerService is not served"),
    SETTING_TEXT(config, manager_ca, "COCOS_GATEWAY_MANAGER_CA", "",
                 "file of the authority of the manager's certificate"),
    SETTING_TEXT(config, tokens, "COCOS_GATEWAY_TOKENS", "",
                 "file with a line for each client: SHA-256 of its key, blank, manager's token"),
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
        "stand.",
    .settings = settings,
    .setting_count = COUNT_OF(settings),
};

int config_check(const struct config *config, struct err *err)
{
    bool has_certificate = config->certificate[0] != '\0', has_key = config->key[0] != '\0';

    if (config->agent[0] == '\0' && config->manager[0] == '\0')
        return err_set(err, ERR_USAGE,
                       "nothing to serve: set --agent, --manager, or both, to where they are");
    if (has_certificate != has_key)
        return err_set(err, ERR_USAGE, "--certificate and --key go together");
    if (config->plaintext && (has_certificate || config->client_ca[0] != '\0'))
        return err_set(err, ERR_USAGE, "--plaintext goes with no certificate of anybody");
    if (config->manager[0] != '\0' && config->tokens[0] == '\0')
        return err_set(err, ERR_USAGE,
                       "--manager wants --tokens: a client's key selects the manager's token that "
                       "its calls are made with");
    return 0;
}
