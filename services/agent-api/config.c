#include "services/agent-api/config.h"

#include "lib/program/log.h"

#include <unistd.h>

const char *const platform_names[] = {"auto", "snp", "tdx", "vtpm", "sim", "none", NULL};

static const struct setting settings[] = {
    SETTING_TEXT(config, listen, "COCOS_AGENT_LISTEN", "127.0.0.1:7002",
                 "address and port to serve on"),
    SETTING_TEXT(config, state_dir, "COCOS_AGENT_STATE_DIR", "/run/cocos/state",
                 "directory for what arrives and what is computed; emptied at start and end"),
    SETTING_TEXT(config, share, "COCOS_AGENT_SHARE", "",
                 "directory that holds in/ and out/, the link to the manager; empty for none"),
    SETTING_CHOICE(config, platform, "COCOS_AGENT_PLATFORM", "auto", platform_names,
                   "what to say this machine is; auto looks for the devices"),
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

static const struct {
    enum platform platform;
    const char *device;
} devices[] = {
    {PLATFORM_SNP, "/dev/sev-guest"},
    {PLATFORM_TDX, "/dev/tdx_guest"},
    {PLATFORM_VTPM, "/dev/tpmrm0"},
};

int config_find_platform(const struct config *config, const char **ret, struct err *err)
{
    *ret = platform_names[config->platform == PLATFORM_AUTO ? PLATFORM_NONE : config->platform];
    for (size_t i = 0; i < COUNT_OF(devices); i++) {
        bool there = access(devices[i].device, F_OK) == 0;

        if (config->platform == PLATFORM_AUTO && there) {
            *ret = platform_names[devices[i].platform];
            return 0;
        }
        if (config->platform == (int)devices[i].platform && !there)
            return err_set(err, ERR_USAGE, "platform %s: there is no %s", *ret, devices[i].device);
    }
    return 0;
}
