#include "services/agent-api/keeper/keeper.h"

#include "lib/program/lifecycle.h"
#include "lib/program/log.h"

#include <stdio.h>

/* The share may ask for another log level; what is wrong with it is told when somebody serves. */
static int read_share(const struct config *config, struct share_config *ret, struct err *err)
{
    if (config->share[0] == '\0') {
        *ret = share_no_config();
        return 0;
    }
    return share_load_config(config->share, ret, err);
}

static int run(const struct config *config, struct err *err)
{
    struct err share_error = {.kind = ERR_NONE};
    struct share_config share;
    const struct keeper_config keeper = {config, &share, &share_error};
    int result;

    if (read_share(config, &share, &share_error) == 0)
        share_error.kind = ERR_NONE;
    log_start("cocos-agent",
              (enum log_level)(share.log_level >= 0 ? share.log_level : config->log_level));
    result = keeper_run(&keeper, err);
    share_config_done(&share);
    return result;
}

int main(int argc, char **argv)
{
    static struct config config;
    struct err err;
    int loaded, result;

    lifecycle_begin();
    setenv("TSS2_LOG", "all+none", 0); /* tpm2-tss says on stderr what we say better in our log */
    loaded = setting_load(&agent_info, argc, argv, &config, &err);
    result = loaded == 0 ? run(&config, &err) : loaded;
    if (result < 0)
        fprintf(stderr, "cocos-agent: %s\n", err.text);
    setting_release(&agent_info, &config);
    return result < 0 ? err_row(err.kind)->exit_code : 0;
}
