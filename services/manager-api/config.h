/* The manager's settings: one table, from which flags, environment, file, --help and man page come.
 */
#ifndef COCOS_MANAGER_CONFIG_H
#define COCOS_MANAGER_CONFIG_H

#include "lib/program/setting.h"
#include "services/manager-api/fleet/ports.h"
#include "services/manager-api/vm/vm.h"

struct config {
    char *listen;
    char *state_dir;
    char *libvirt_uri;
    char *image_dir;
    int accel; /* enum accel_choice */
    char *port_range;
    uint64_t max_vms;
    uint64_t max_vms_per_owner;
    char *cvms_servers;
    char *cors_origins;
    char *names;
    char *verifier; /* path; "": beside this program */
    uint64_t boot_timeout;
    uint64_t silence_timeout;
    uint64_t libvirt_timeout;
    uint64_t retention;
    int log_level;
    bool hugepages;
    char *numa_node;

    struct ports ports;    /* of port_range */
    struct vm_place place; /* of hugepages and numa_node */
};

extern const struct program_info config_info;

/* Loads and checks; directories are absolute afterwards and the state directory exists. Returns
 * like setting_load(): 1 when --help or the like was answered. Errors: USAGE, SYSTEM. */
MUST_USE int config_load(int argc, char **argv, struct config *ret, struct err *err);
void config_release(struct config *config);

/* True when nobody outside of this machine can reach the address ("127.0.0.1:7443", "[::1]:0",
 * "localhost:7443"). */
bool config_is_loopback(const char *listen);

#endif
