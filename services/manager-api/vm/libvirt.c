#include "services/manager-api/vm/libvirt.h"

#include "lib/base/text.h"
#include "services/manager-api/vm/capabilities.h"
#include "services/manager-api/vm/domain.h"
#include "services/manager-api/vm/leftovers.h"
#include "services/manager-api/vm/libvirt_conn.h"
#include "services/manager-api/vm/process.h"
#include "services/manager-api/vm/record.h"

#include <libvirt/virterror.h>
#include <stdio.h>

struct libvirt {
    struct vm_provider base;
    struct libvirt_conn *conn;
};

static void close_connection(virConnectPtr *connection)
{
    if (*connection != NULL)
        virConnectClose(*connection);
}

static void free_domain(virDomainPtr *domain)
{
    if (*domain != NULL)
        virDomainFree(*domain);
}

static void free_stats(virDomainStatsRecordPtr **stats)
{
    if (*stats != NULL)
        virDomainStatsRecordListFree(*stats);
}

#define OWNED_CONNECTION OWNED(close_connection) virConnectPtr
#define OWNED_DOMAIN     OWNED(free_domain) virDomainPtr
#define OWNED_STATS      OWNED(free_stats) virDomainStatsRecordPtr *

static int connection_of(struct vm_provider *provider, virConnectPtr *ret, struct err *err)
{
    return libvirt_conn_get(((struct libvirt *)provider)->conn, ret, err);
}

static int find_domain(struct vm_provider *provider, const char *id, virDomainPtr *ret,
                       struct err *err)
{
    OWNED_CONNECTION connection = NULL;

    if (connection_of(provider, &connection, err) < 0)
        return -1;
    *ret = virDomainLookupByUUIDString(connection, id);
    return *ret == NULL ? libvirt_fail(err, "cannot find the VM") : 0;
}

static bool is_test_driver(virConnectPtr connection)
{
    const char *type = virConnectGetType(connection);

    return type != NULL && strcmp(type, "TEST") == 0;
}

/* --- what there is ----------------------------------------------------------- */

static void version_text(const char *what, unsigned long version, char *out, size_t size)
{
    snprintf(out, size, "%s %lu.%lu.%lu", what, version / 1000000, version / 1000 % 1000,
             version % 1000);
}

static int describe(struct vm_provider *provider, struct vm_hypervisor *ret, struct err *err)
{
    OWNED_CONNECTION connection = NULL;
    OWNED(free_str) char *host = NULL, *devices = NULL;
    struct vm_hypervisor found = {0};
    unsigned long version = 0;

    if (connection_of(provider, &connection, err) < 0)
        return -1;
    snprintf(found.uri, sizeof(found.uri), "%s",
             libvirt_conn_uri(((struct libvirt *)provider)->conn));
    process_run_dir(found.uri, found.run_dir, sizeof(found.run_dir));
    if (virConnectGetLibVersion(connection, &version) == 0)
        version_text("libvirt", version, found.library, sizeof(found.library));
    if (virConnectGetVersion(connection, &version) == 0) {
        version_text(virConnectGetType(connection), version, found.emulator,
                     sizeof(found.emulator));
        found.emulator_version = (uint32_t)version;
    }

    found.pretends = is_test_driver(connection);
    host = virConnectGetCapabilities(connection);
    if (host == NULL)
        return libvirt_fail(err, "cannot read the host's capabilities");
    capabilities_read_user(span_of_str(host), &found);
    devices = virConnectGetDomainCapabilities(connection, NULL, "x86_64", "q35", NULL, 0);
    if (devices != NULL) { /* the test driver has none */
        capabilities_read_devices(span_of_str(devices), &found);
        capabilities_read_protection(span_of_str(devices), &found);
    }
    *ret = found;
    return 0;
}

/* --- which VMs there are ------------------------------------------------------- */

static void see(virDomainStatsRecordPtr record, struct vm_sighting *ret)
{
    int state = 0, reason = 0;

    virTypedParamsGetInt(record->params, record->nparams, "state.state", &state);
    virTypedParamsGetInt(record->params, record->nparams, "state.reason", &reason);
    ret->on = state != VIR_DOMAIN_SHUTOFF && state != VIR_DOMAIN_CRASHED;
    ret->end = VM_END_UNKNOWN;
    if (state == VIR_DOMAIN_CRASHED)
        ret->end = VM_END_KILLED;
    if (state != VIR_DOMAIN_SHUTOFF)
        return;
    if (reason == VIR_DOMAIN_SHUTOFF_SHUTDOWN)
        ret->end = VM_END_GUEST;
    if (reason == VIR_DOMAIN_SHUTOFF_DESTROYED || reason == VIR_DOMAIN_SHUTOFF_CRASHED ||
        reason == VIR_DOMAIN_SHUTOFF_FAILED)
        ret->end = VM_END_KILLED;
}

static int list(struct vm_provider *provider, struct vm_sighting **ret, size_t *ret_count,
                struct err *err)
{
    OWNED_CONNECTION connection = NULL;
    OWNED_STATS stats = NULL;
    struct vm_sighting *seen = NULL;
    size_t count = 0;
    int total = 0;

    if (connection_of(provider, &connection, err) < 0)
        return -1;
    /* One call for all, however many there are. */
    total = virConnectGetAllDomainStats(connection, VIR_DOMAIN_STATS_STATE, &stats, 0);
    if (total < 0)
        return libvirt_fail(err, "cannot list the VMs");
    seen = mem_zeroed((size_t)total + 1, sizeof(*seen));
    for (int i = 0; i < total; i++) {
        const char *name = virDomainGetName(stats[i]->dom);

        if (name != NULL && domain_id(name, seen[count].id))
            see(stats[i], &seen[count++]);
    }
    *ret = seen;
    *ret_count = count;
    return 0;
}

/* --- the record ------------------------------------------------------------------ */

static int read_record(struct vm_provider *provider, const char *id, struct vm_record *ret,
                       struct err *err)
{
    OWNED_DOMAIN domain = NULL;
    OWNED(free_str) char *text = NULL;
    bool transient = false;

    if (find_domain(provider, id, &domain, err) < 0)
        return -1;
    transient = virDomainIsPersistent(domain) == 0;
    text = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, VM_RECORD_URI,
                                transient ? VIR_DOMAIN_AFFECT_LIVE : VIR_DOMAIN_AFFECT_CONFIG);
    if (text == NULL)
        return libvirt_fail(err, "cannot read the VM's record");
    if (vm_record_decode(span_of_str(text), ret, err) < 0)
        return -1;
    /* It was undefined while it started: what is left is to end it. */
    if (transient)
        ret->phase = VM_PHASE_REMOVING;
    if (strcmp(ret->id, id) != 0)
        return err_set(err, ERR_INPUT, "vm record: it is that of '%s'", ret->id);
    return 0;
}

static int write_record(struct vm_provider *provider, const struct vm_record *record,
                        struct err *err)
{
    OWNED_DOMAIN domain = NULL;
    OWNED_BUF text = BUF_OF(VM_RECORD_MAX);

    if (vm_record_encode(record, &text, err) < 0 ||
        find_domain(provider, record->id, &domain, err) < 0)
        return -1;
    if (virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, buf_str(&text), VM_RECORD_PREFIX,
                             VM_RECORD_URI, VIR_DOMAIN_AFFECT_CONFIG) < 0)
        return libvirt_fail(err, "cannot write the VM's record");
    return 0;
}

/* --- life ------------------------------------------------------------------------ */

static int define(struct vm_provider *provider, const struct vm_launch *launch, struct err *err)
{
    OWNED_CONNECTION connection = NULL;
    OWNED_DOMAIN domain = NULL;
    OWNED_BUF xml = BUF_OF(DOMAIN_XML_MAX);
    const char *type = launch->kvm ? "kvm" : "qemu";

    if (connection_of(provider, &connection, err) < 0)
        return -1;
    if (is_test_driver(connection))
        type = "test";
    if (domain_encode(launch, type, &xml, err) < 0)
        return -1;
    domain = virDomainDefineXMLFlags(connection, buf_str(&xml), 0);
    return domain == NULL ? libvirt_fail(err, "cannot define the VM") : 0;
}

static int start(struct vm_provider *provider, const char *id, struct err *err)
{
    OWNED_DOMAIN domain = NULL;

    if (find_domain(provider, id, &domain, err) < 0)
        return -1;
    if (virDomainCreate(domain) == 0)
        return 0;
    libvirt_fail(err, "cannot start the VM");
    if (strstr(virGetLastErrorMessage(), "host forwarding rule") != NULL)
        err->kind = ERR_STATE;
    return -1;
}

static int stop(struct vm_provider *provider, const char *id, struct err *err)
{
    OWNED_DOMAIN domain = NULL;

    if (find_domain(provider, id, &domain, err) < 0)
        return err->kind == ERR_NOT_FOUND ? 0 : -1;
    if (virDomainIsActive(domain) == 0 || virDomainDestroy(domain) == 0 ||
        libvirt_code() == VIR_ERR_OPERATION_INVALID)
        return 0;
    return libvirt_fail(err, "cannot stop the VM");
}

static int undefine(struct vm_provider *provider, const char *id, struct err *err)
{
    static const unsigned everything = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                                       VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_TPM |
                                       VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
    OWNED_DOMAIN domain = NULL;
    int result = 0;

    if (find_domain(provider, id, &domain, err) < 0)
        return err->kind == ERR_NOT_FOUND ? 0 : -1;
    result = virDomainUndefineFlags(domain, everything);
    if (result < 0 && libvirt_code() == VIR_ERR_INVALID_ARG) /* the test driver has no such flags */
        result = virDomainUndefine(domain);
    if (result < 0 && virDomainIsPersistent(domain) == 1)
        return libvirt_fail(err, "cannot remove the VM's definition");
    /* A start that was under way may have come through in between; now nothing can start any more.
     */
    if (virDomainIsActive(domain) == 1 && virDomainDestroy(domain) < 0 &&
        libvirt_code() != VIR_ERR_OPERATION_INVALID && libvirt_code() != VIR_ERR_NO_DOMAIN)
        return libvirt_fail(err, "cannot stop the VM");
    leftovers_remove(libvirt_conn_uri(((struct libvirt *)provider)->conn),
                     virDomainGetName(domain));
    return 0;
}

/* --- figures ------------------------------------------------------------------------ */

/* The sum of NAME.0.WHAT, NAME.1.WHAT ... of a statistics record. */
static uint64_t sum_of(virDomainStatsRecordPtr record, const char *name, const char *what,
                       unsigned count)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned long long value = 0;
        char key[64];

        snprintf(key, sizeof(key), "%s.%u.%s", name, i, what);
        if (virTypedParamsGetULLong(record->params, record->nparams, key, &value) == 1)
            sum += value;
    }
    return sum;
}

static void read_stats(virDomainStatsRecordPtr record, struct vm_stats *ret)
{
    const virTypedParameterPtr params = record->params;
    const int count = record->nparams;
    unsigned long long value = 0;
    unsigned devices = 0;
    int state = 0;

    virTypedParamsGetInt(params, count, "state.state", &state);
    ret->on = state != VIR_DOMAIN_SHUTOFF && state != VIR_DOMAIN_CRASHED;
    if (virTypedParamsGetUInt(params, count, "vcpu.current", &devices) == 1)
        ret->cpus = devices;
    if (virTypedParamsGetULLong(params, count, "cpu.time", &value) == 1)
        ret->cpu_time_ns = value;
    if (virTypedParamsGetULLong(params, count, "balloon.maximum", &value) == 1)
        ret->memory_bytes = value * KIB;
    ret->has_resident = virTypedParamsGetULLong(params, count, "balloon.rss", &value) == 1;
    ret->resident_bytes = ret->has_resident ? value * KIB : 0;
    if (virTypedParamsGetUInt(params, count, "block.count", &devices) == 1 && devices > 0) {
        ret->has_block = true;
        ret->block_read_bytes = sum_of(record, "block", "rd.bytes", devices);
        ret->block_written_bytes = sum_of(record, "block", "wr.bytes", devices);
    }
    if (virTypedParamsGetUInt(params, count, "net.count", &devices) == 1 && devices > 0) {
        ret->has_net = true;
        ret->net_received_bytes = sum_of(record, "net", "rx.bytes", devices);
        ret->net_sent_bytes = sum_of(record, "net", "tx.bytes", devices);
    }
}

static int measure(struct vm_provider *provider, const char *id, struct vm_stats *ret,
                   struct err *err)
{
    static const unsigned wanted = VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL |
                                   VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_VCPU |
                                   VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_BLOCK;
    OWNED_DOMAIN domain = NULL;
    OWNED_STATS stats = NULL;
    virDomainPtr one[2] = {NULL, NULL};
    struct vm_stats found = {0};

    if (find_domain(provider, id, &domain, err) < 0)
        return -1;
    one[0] = domain;
    if (virDomainListGetStats(one, wanted, &stats, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT) < 0)
        return libvirt_fail(err, "cannot read the VM's statistics");
    if (stats[0] == NULL)
        return err_set(err, ERR_NOT_FOUND, "the VM is gone");
    read_stats(stats[0], &found);
    *ret = found;
    return 0;
}

static void close_provider(struct vm_provider *provider)
{
    struct libvirt *libvirt = (struct libvirt *)provider;

    libvirt_conn_free(libvirt->conn);
    free(libvirt);
}

static const struct vm_provider_ops ops = {
    .describe = describe,
    .list = list,
    .read = read_record,
    .define = define,
    .write = write_record,
    .start = start,
    .stop = stop,
    .undefine = undefine,
    .measure = measure,
    .close = close_provider,
};

int libvirt_open(const char *uri, const struct vm_watcher *watcher, struct vm_provider **ret,
                 struct err *err)
{
    struct libvirt *libvirt = NULL;
    struct libvirt_conn *conn = NULL;

    if (libvirt_conn_new(uri, watcher, &conn, err) < 0)
        return -1;
    libvirt = mem_new(struct libvirt);
    libvirt->base.ops = &ops;
    libvirt->conn = conn;
    *ret = &libvirt->base;
    return 0;
}
