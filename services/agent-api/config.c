#include "services/agent-api/config.h"

#include "lib/program/log.h"

const char *const platform_names[] = {"auto", "snp", "tdx", "vtpm", "sim", "none", NULL};

static const struct setting settings[] = {
    SETTING_TEXT(config, listen, "COCOS_AGENT_LISTEN", "127.0.0.1:7002",
                 "address and port to serve on"),
    SETTING_TEXT(config, local_socket, "COCOS_AGENT_LOCAL_SOCKET", "",
                 "path of a socket to serve on, too, for a gateway on this machine, in a directory "
                 "for itself; empty for none"),
    SETTING_TEXT(config, state_dir, "COCOS_AGENT_STATE_DIR", "/run/cocos/state",
                 "directory for what arrives and what is computed; emptied at start and end"),
    SETTING_TEXT(config, share, "COCOS_AGENT_SHARE", "",
                 "directory that holds in/ and out/, the link to the manager; empty for none"),
    SETTING_CHOICE(config, platform, "COCOS_AGENT_PLATFORM", "auto", platform_names,
                   "what this machine must be; auto takes the best that is there"),
    SETTING_TEXT(config, tpm, "COCOS_AGENT_TPM", "device:/dev/tpmrm0",
                 "where the TPM answers, as tpm2-tss names it (a TCTI); empty for none"),
    SETTING_TEXT(config, sim_key, "COCOS_AGENT_SIM_KEY", "",
                 "private key (P-384, PEM) that signs on the platform sim; empty for a fresh one"),
    SETTING_TEXT(
        config, sim_measurement, "COCOS_AGENT_SIM_MEASUREMENT", "",
        "launch measurement that the platform sim reports, 48 bytes of hex; empty for none"),
    SETTING_CHOICE(config, log_level, "COCOS_AGENT_LOG_LEVEL", "info", log_level_names,
                   "the least important messages to log"),
};

const struct program_info agent_info = {
    .name = "cocos-agent",
    .summary = "receives an algorithm and data, runs the one on the other, and gives the result",
    .essay =
        "The agent runs inside of a confidential virtual machine and is what the parties of a "
        "computation talk to. A manifest says who they are, by their keys, and what they agreed "
        "to: the digests of the algorithm and of every dataset, who may fetch the result, and "
        "the bounds of the run. The agent takes what the manifest names from whom it names, and "
        "nothing else from nobody else; it runs the algorithm in a sandbox without network, "
        "packs what it wrote, hands that to the consumers, and forgets everything when the owner "
        "ends the computation.\n\n"
        "It serves HTTPS with a key that it makes at start. Callers show who they are by a client "
        "certificate, of any issuer, or by signing each request (RFC 9421).\n\n"
        "On a plain host it works the same, as root or as an ordinary user who may make user "
        "namespaces, for development.",
    .settings = settings,
    .setting_count = COUNT_OF(settings),
};
