#include "services/manager-api/config.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/program/log.h"
#include "services/manager-api/vm/accel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND 1000ULL
#define HOUR   (3600 * SECOND)

#define NUMA_NODE_MAX 1023

static const struct setting settings[] = {
    SETTING_TEXT(config, listen, "COCOS_MANAGER_LISTEN", "127.0.0.1:7443",
                 "address and port to serve on"),
    SETTING_TEXT(config, state_dir, "COCOS_MANAGER_STATE_DIR", "",
                 "directory for keys, tokens and the VMs' files; empty: /var/lib/cocos/manager for "
                 "root, else cocos/manager in the user's state directory"),
    SETTING_TEXT(config, libvirt_uri, "COCOS_MANAGER_LIBVIRT_URI", "",
                 "where libvirt is; empty: qemu:///system for root, else qemu:///session"),
    SETTING_TEXT(config, image_dir, "COCOS_MANAGER_IMAGE_DIR", "",
                 "directory of the guest images; empty: build/eos when it is there, else "
                 "/usr/share/cocos/images"),
    SETTING_CHOICE(config, accel, "COCOS_MANAGER_ACCEL", "auto", accel_choice_names,
                   "hardware virtualisation (kvm), emulation (tcg), or whichever works (auto)"),
    SETTING_TEXT(config, port_range, "COCOS_MANAGER_PORT_RANGE", "20000-20999",
                 "ports on loopback at which the agents are reached"),
    SETTING_U64(config, max_vms, "COCOS_MANAGER_MAX_VMS", "10", 1, 1000,
                "VMs that may run at once on this host"),
    SETTING_U64(config, max_vms_per_owner, "COCOS_MANAGER_MAX_VMS_PER_OWNER", "10", 1, 1000,
                "VMs that may run at once for one owner"),
    SETTING_TEXT(
        config, cvms_servers, "COCOS_MANAGER_CVMS_SERVERS", "",
        "computation servers that VMs may be connected to, HOST:PORT, separated by commas; "
        "* for all, with whatever this host reaches"),
    SETTING_TEXT(config, cors_origins, "COCOS_MANAGER_CORS_ORIGINS", "",
                 "web origins whose pages may ask, separated by commas; * for all"),
    SETTING_TEXT(config, names, "COCOS_MANAGER_NAMES", "",
                 "further names and addresses for the certificate that the first start makes, "
                 "separated by commas"),
    SETTING_TEXT(config, verifier, "COCOS_MANAGER_VERIFIER", "",
                 "path of cocos-cli, which verifies what VMs say about their boot; empty: the one "
                 "beside this program; none: VMs run unchecked"),
    SETTING_DURATION(config, boot_timeout, "COCOS_MANAGER_BOOT_TIMEOUT", "3m", SECOND, 24 * HOUR,
                     "how long a guest may boot until its agent is heard"),
    SETTING_DURATION(config, silence_timeout, "COCOS_MANAGER_SILENCE_TIMEOUT", "30s", SECOND,
                     24 * HOUR, "after how long without a word an agent is reported as silent"),
    SETTING_DURATION(config, libvirt_timeout, "COCOS_MANAGER_LIBVIRT_TIMEOUT", "30s", SECOND, HOUR,
                     "how long a call to libvirt may take"),
    SETTING_DURATION(config, retention, "COCOS_MANAGER_RETENTION", "24h", SECOND, 366 * 24 * HOUR,
                     "how long a VM that ended is still listed"),
    SETTING_CHOICE(config, log_level, "COCOS_MANAGER_LOG_LEVEL", "info", log_level_names,
                   "least important lines to log"),
    SETTING_BOOL(config, hugepages, "COCOS_MANAGER_HUGEPAGES", "false",
                 "take the VMs' memory from the host's huge pages, which somebody has to reserve"),
    SETTING_TEXT(config, numa_node, "COCOS_MANAGER_NUMA_NODE", "",
                 "NUMA node that memory and processors of all VMs come from; empty: any"),
};

const struct program_info config_info = {
    .name = "cocos-manager",
    .summary = "makes and watches confidential VMs",
    .essay =
        "Serves the manager's API over HTTPS: creates VMs through libvirt, each with an agent in "
        "it, "
        "watches them through a shared directory, and removes them without a trace.\n\n"
        "The first start makes ca.pem, server.pem, server.key and admin.token in the state "
        "directory "
        "and says how to use them. Further people get tokens of their own:\n\n"
        "    cocos-manager token add NAME viewer|operator|admin [OWNER]\n"
        "    cocos-manager token list\n"
        "    cocos-manager token remove NAME\n\n"
        "As long as there is no token but admin.token it serves on loopback only. It keeps nothing "
        "about VMs but what libvirt keeps, so it may be killed and started again at any time.",
    .settings = settings,
    .setting_count = COUNT_OF(settings),
};

/* --- defaults that depend on where we run -------------------------------------- */

static void set_default(char **slot, char *value)
{
    if ((*slot)[0] != '\0') {
        free(value);
        return;
    }
    free(*slot);
    *slot = value;
}

static char *default_state_dir(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (geteuid() == 0)
        return mem_strdup("/var/lib/cocos/manager");
    if (state != NULL && state[0] == '/')
        return mem_printf("%s/cocos/manager", state);
    return mem_printf("%s/.local/state/cocos/manager", home ? home : "");
}

static char *default_image_dir(void)
{
    struct stat info;
    bool tree = stat("build/eos", &info) == 0 && S_ISDIR(info.st_mode);

    return mem_strdup(tree ? "build/eos" : "/usr/share/cocos/images");
}

static void set_defaults(struct config *config)
{
    set_default(&config->state_dir, default_state_dir());
    set_default(&config->image_dir, default_image_dir());
    set_default(&config->libvirt_uri,
                mem_strdup(geteuid() == 0 ? "qemu:///system" : "qemu:///session"));
}

/* --- checks -------------------------------------------------------------------- */

bool config_is_loopback(const char *listen)
{
    struct in_addr v4;
    char host[64];
    const char *colon = strrchr(listen, ':');
    size_t len = colon ? (size_t)(colon - listen) : strlen(listen);

    if (len >= sizeof(host))
        return false;
    memcpy(host, listen, len);
    host[len] = '\0';
    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 || strcmp(host, "::1") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

/* The address itself is the server's to understand; here only its form counts, before anything is
 * made. */
static int check_listen(const char *listen, struct err *err)
{
    const char *colon = strrchr(listen, ':');
    struct err why;
    uint64_t port = 0;

    if (colon != NULL && colon != listen && text_parse_u64(colon + 1, UINT16_MAX, &port, &why) == 0)
        return 0;
    return err_set(err, ERR_USAGE, "COCOS_MANAGER_LISTEN: expected ADDRESS:PORT, got '%.80s'",
                   listen);
}

/* Others get these paths by name: QEMU, libvirt. */
static int make_absolute(char **path, const char *what, struct err *err)
{
    char *absolute = realpath(*path, NULL);

    if (absolute == NULL)
        return err_set_errno(err, ERR_USAGE, "%s '%s'", what, *path);
    free(*path);
    *path = absolute;
    return 0;
}

/* A VM of one node has that node's processors too. */
static int find_node(const char *setting, struct vm_place *ret, struct err *err)
{
    OWNED(free_str) char *path = NULL;
    OWNED_BUF text = BUF_OF(VM_CPUSET_SIZE - 1);
    uint64_t node = 0;

    if (setting[0] == '\0')
        return 0;
    if (text_parse_u64(setting, NUMA_NODE_MAX, &node, err) < 0)
        return -1;
    path = mem_printf("/sys/devices/system/node/node%llu/cpulist", (unsigned long long)node);
    if (file_read(path, &text, err) < 0)
        return err_wrap(err, "this host has no node %s", setting);
    ret->has_node = true;
    ret->node = (uint32_t)node;
    snprintf(ret->cpuset, sizeof(ret->cpuset), "%.*s", (int)strcspn(buf_str(&text), "\n"),
             buf_str(&text));
    return 0;
}

static int check(struct config *config, struct err *err)
{
    config->place = (struct vm_place){.hugepages = config->hugepages};
    if (find_node(config->numa_node, &config->place, err) < 0) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "COCOS_MANAGER_NUMA_NODE");
    }
    if (check_listen(config->listen, err) < 0)
        return -1;
    if (ports_parse(config->port_range, &config->ports, err) < 0)
        return err_wrap(err, "COCOS_MANAGER_PORT_RANGE");
    if (file_make_dirs(config->state_dir, 0711, err) < 0) {
        err->kind = err->kind == ERR_NO_SPACE ? ERR_NO_SPACE : ERR_USAGE;
        return err_wrap(err, "COCOS_MANAGER_STATE_DIR");
    }
    if (make_absolute(&config->state_dir, "COCOS_MANAGER_STATE_DIR", err) < 0)
        return -1;
    /* Images may come later; then their directory is what the setting says. */
    if (config->image_dir[0] != '/' || access(config->image_dir, F_OK) == 0)
        return make_absolute(&config->image_dir, "COCOS_MANAGER_IMAGE_DIR", err);
    return 0;
}

int config_load(int argc, char **argv, struct config *ret, struct err *err)
{
    int result = setting_load(&config_info, argc, argv, ret, err);

    if (result != 0) {
        config_release(ret);
        return result;
    }
    set_defaults(ret);
    if (check(ret, err) < 0) {
        config_release(ret);
        return -1;
    }
    return 0;
}

void config_release(struct config *config)
{
    setting_release(&config_info, config);
}
