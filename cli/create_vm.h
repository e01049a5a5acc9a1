/* create-vm: asks for a VM and, when told to, waits until it runs. */
#ifndef COCOS_CLI_CREATE_VM_H
#define COCOS_CLI_CREATE_VM_H

#include "cli/command.h"
#include "cli/session.h"

struct create_vm_options {
    struct common_options common;
    struct manager_options manager;
    const char *name;
    const char *image;
    const char *platform;
    const char *manifest;
    const char *owner_key;
    const char *server_url;
    const char *server_ca;
    const char *log_level;
    struct flag_list gpus;
    uint64_t cpus;
    uint64_t memory_mib;
    uint64_t ttl_ms;
    uint64_t timeout_ms;
    bool secure_boot;
    bool grpc;
    bool wait;
};

extern const struct flag create_vm_flags[];

int create_vm_run(const struct cli *cli, const void *options, struct err *err);

#endif
