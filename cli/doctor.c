/* See doctor.h. What a check finds is for a person who has to mend it; the same facts, as the
 * manager sees them, are in its GET /v1/host. */
#include "cli/doctor.h"

#include "cli/doctor_tee.h"
#include "cli/print.h"
#include "lib/base/child.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CPUINFO_MAX       (4 * MIB)
#define RELEASE_MAX       (1 * MIB)
#define LIBVIRT_WAIT_MS   15000
#define DEFAULT_RANGE     "20000-20999"
#define INSTALLED_IMAGES  "/usr/share/cocos/images"
#define MEMORY_WANTED_MIB 1536

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL };
static const char *const verdict_names[] = {"ok", "warn", "fail"};

/* What one check says. */
struct finding {
    enum verdict verdict;
    char found[256];
    char remedy[256];
};

static void find(struct finding *finding, enum verdict verdict, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void find(struct finding *finding, enum verdict verdict, const char *format, ...)
{
    va_list args;

    finding->verdict = verdict;
    va_start(args, format);
    vsnprintf(finding->found, sizeof(finding->found), format, args);
    va_end(args);
}

static void mend(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);

static void mend(struct finding *finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(finding->remedy, sizeof(finding->remedy), format, args);
    va_end(args);
}

/* --- the machine --- */

static bool cpu_has(const char *cpuinfo, const char *flag)
{
    const char *line = strstr(cpuinfo, "\nflags");
    size_t length = strlen(flag);
    const char *end, *at;

    if (line == NULL)
        return false;
    end = strchr(line + 1, '\n');
    for (at = strstr(line, flag); at != NULL && (end == NULL || at < end);
         at = strstr(at + 1, flag))
        if (at[-1] == ' ' && strchr(" \n", at[length]) != NULL)
            return true;
    return false;
}

/* KVM counts only when the device opens, makes a VM, and the processor really has the feature: some
 * containers offer a /dev/kvm that passes the first two and then fails in the guest. */
static void check_kvm(const struct doctor_options *options, struct finding *finding)
{
    OWNED_BUF cpuinfo = BUF_OF(CPUINFO_MAX);
    OWNED(close_fd) int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    int opened = errno;
    OWNED(close_fd) int vm = -1;
    struct err ignored;
    bool cpu;

    (void)options;
    cpu = file_read("/proc/cpuinfo", &cpuinfo, &ignored) == 0 &&
          (cpu_has(buf_str(&cpuinfo), "vmx") || cpu_has(buf_str(&cpuinfo), "svm"));
    mend(finding,
         "VMs run all the same, emulated and several times slower; for speed use a machine "
         "with VT-x or AMD-V enabled, and a user in the group kvm");
    if (kvm < 0) {
        find(finding, VERDICT_WARN, "/dev/kvm does not open: %s", strerror(opened));
        return;
    }
    vm = ioctl(kvm, KVM_CREATE_VM, 0);
    if (vm < 0)
        find(finding, VERDICT_WARN, "/dev/kvm makes no VM: %s", strerror(errno));
    else if (!cpu)
        find(finding, VERDICT_WARN, "/dev/kvm opens, but the processor shows neither vmx nor svm");
    else
        find(finding, VERDICT_OK, "usable");
}

static void check_memory(const struct doctor_options *options, struct finding *finding)
{
    OWNED_BUF text = BUF_OF(64 * KIB);
    struct err ignored;
    const char *line;
    unsigned long long kib = 0;

    (void)options;
    if (file_read("/proc/meminfo", &text, &ignored) == 0 &&
        (line = strstr(buf_str(&text), "MemAvailable:")) != NULL)
        kib = strtoull(line + strlen("MemAvailable:"), NULL, 10);
    find(finding, kib / 1024 >= MEMORY_WANTED_MIB ? VERDICT_OK : VERDICT_WARN, "%llu MiB available",
         kib / 1024);
    mend(finding, "a VM with Python wants 1 GiB; give smaller ones (--memory) or free some");
}

/* --- programs and files --- */

struct wanted {
    enum verdict missing; /* how bad it is when it is not there */
    const char *package;
    const char *paths[4]; /* any of them will do; NULL ends */
};

static const struct wanted wanted_qemu = {
    VERDICT_FAIL, "qemu-system-x86", {"/usr/bin/qemu-system-x86_64"}};
/* Images bring their firmware; who builds images needs it. */
static const struct wanted wanted_firmware = {
    VERDICT_WARN, "ovmf", {"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd"}};
static const struct wanted wanted_tpm = {VERDICT_FAIL, "swtpm", {"/usr/bin/swtpm"}};
static const struct wanted wanted_tpm_setup = {
    VERDICT_FAIL, "swtpm-tools", {"/usr/bin/swtpm_setup"}};
static const struct wanted wanted_libvirt = {
    VERDICT_FAIL, "libvirt-daemon-system", {"/usr/sbin/libvirtd"}};

static void check_wanted(const struct wanted *wanted, struct finding *finding)
{
    for (size_t i = 0; i < COUNT_OF(wanted->paths) && wanted->paths[i] != NULL; i++)
        if (access(wanted->paths[i], R_OK) == 0) {
            find(finding, VERDICT_OK, "%s", wanted->paths[i]);
            return;
        }
    find(finding, wanted->missing, "%s is missing", wanted->paths[0]);
    mend(finding, "apt-get install --no-install-recommends %s (as root)", wanted->package);
}

#define CHECK_WANTED(name, row)                                                                    \
    static void name(const struct doctor_options *options, struct finding *finding)                \
    {                                                                                              \
        (void)options;                                                                             \
        check_wanted(&(row), finding);                                                             \
    }
CHECK_WANTED(check_qemu, wanted_qemu)
CHECK_WANTED(check_firmware, wanted_firmware)
CHECK_WANTED(check_tpm, wanted_tpm)
CHECK_WANTED(check_tpm_setup, wanted_tpm_setup)
CHECK_WANTED(check_libvirtd, wanted_libvirt)

static const char *libvirt_uri(const struct doctor_options *options)
{
    if (options->libvirt_uri != NULL)
        return options->libvirt_uri;
    return geteuid() == 0 ? "qemu:///system" : "qemu:///session";
}

static void check_libvirt(const struct doctor_options *options, struct finding *finding)
{
    const char *uri = libvirt_uri(options);
    const char *argv[] = {"virsh", "-c", uri, "version", NULL};
    OWNED_BUF out = BUF_OF(16 * KIB);
    OWNED_BUF log = BUF_OF(16 * KIB);
    struct child_result result = {0};
    struct err err;
    const char *line;

    if (child_run(argv, LIBVIRT_WAIT_MS, &out, &log, &result, &err) < 0) {
        find(finding, VERDICT_FAIL, "%s", err.text);
        mend(finding, "apt-get install --no-install-recommends libvirt-clients (as root)");
    } else if (result.exit_code != 0) {
        line = buf_str(&log);
        find(finding, VERDICT_FAIL, "%s does not answer: %.*s", uri, (int)strcspn(line, "\n"),
             line);
        mend(finding, geteuid() == 0 ? "virtlogd -d; libvirtd -d (or systemctl start libvirtd)"
                                     : "set XDG_RUNTIME_DIR, or ask for the group libvirt");
    } else {
        line = strstr(buf_str(&out), "Running hypervisor:");
        line = line != NULL ? line + strlen("Running hypervisor:") : " answers";
        find(finding, VERDICT_OK, "%s:%.*s", uri, (int)strcspn(line, "\n"), line);
    }
}

/* A host without any runs plain VMs, so what is missing is no failure. */
static void check_tee(const struct doctor_options *options, enum tee tee, struct finding *finding)
{
    struct tee_verdict verdict;

    doctor_judge_tee(tee, libvirt_uri(options), "", NULL, &verdict);
    find(finding, verdict.available && verdict.remedy[0] == '\0' ? VERDICT_OK : VERDICT_WARN, "%s",
         verdict.reason);
    mend(finding, "%s", verdict.remedy);
}

#define CHECK_TEE(name, tee)                                                                       \
    static void name(const struct doctor_options *options, struct finding *finding)                \
    {                                                                                              \
        check_tee(options, tee, finding);                                                          \
    }
CHECK_TEE(check_snp, TEE_SNP)
CHECK_TEE(check_tdx, TEE_TDX)
CHECK_TEE(check_sev, TEE_SEV)
CHECK_TEE(check_sev_es, TEE_SEV_ES)

/* --- ports and images --- */

static bool port_is_free(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    OWNED(close_fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static void check_ports(const struct doctor_options *options, struct finding *finding)
{
    const char *range = options->port_range != NULL ? options->port_range : DEFAULT_RANGE;
    unsigned first = 0, last = 0, free_count = 0;

    if (sscanf(range, "%5u-%5u", &first, &last) != 2 || first == 0 || first > last ||
        last > UINT16_MAX) {
        find(finding, VERDICT_FAIL, "'%.40s' is no range of ports", range);
        mend(finding, "COCOS_MANAGER_PORT_RANGE is FIRST-LAST, like " DEFAULT_RANGE);
        return;
    }
    for (unsigned port = first; port <= last; port++)
        free_count += port_is_free((uint16_t)port);
    find(finding, free_count == 0 ? VERDICT_FAIL : VERDICT_OK, "%u of %u ports of %s are free",
         free_count, last - first + 1, range);
    mend(finding, "every VM needs one: set COCOS_MANAGER_PORT_RANGE to a range that is free");
}

static const char *image_dir(const struct doctor_options *options)
{
    if (options->image_dir != NULL)
        return options->image_dir;
    return access("build/eos", F_OK) == 0 ? "build/eos" : INSTALLED_IMAGES;
}

static bool is_image(int dir_fd, const char *name)
{
    OWNED(free_str) char *path = mem_printf("%s/image.json", name);
    OWNED_BUF text = BUF_OF(RELEASE_MAX);
    OWNED_JSON *json = NULL;
    struct err ignored;

    return file_read_at(dir_fd, path, &text, &ignored) == 0 &&
           json_parse(buf_span(&text), &json, &ignored) == 0 && json_get_str(json, "name") != NULL;
}

static void check_images(const struct doctor_options *options, struct finding *finding)
{
    const char *directory = image_dir(options);
    DIR *dir = opendir(directory);
    struct dirent *entry;
    OWNED_BUF names = BUF_OF(200);

    mend(finding, "'make eos' builds them into build/eos; COCOS_MANAGER_IMAGE_DIR says where");
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && is_image(dirfd(dir), entry->d_name))
            buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", entry->d_name);
    if (dir != NULL)
        closedir(dir);
    if (names.len > 0)
        find(finding, VERDICT_OK, "%s: %s", directory, buf_str(&names));
    else
        find(finding, VERDICT_FAIL, "no image in '%s'", directory);
}

/* --- the manager --- */

static void check_manager(const struct doctor_options *options, struct finding *finding)
{
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_get_host]};
    OWNED_HTTPC *manager = NULL;
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    if (options->manager.url == NULL) {
        find(finding, VERDICT_WARN, "none is known");
        mend(finding, "start cocos-manager, then 'cocos-cli login'");
    } else if (session_open_manager(&options->manager, &manager, &err) < 0 ||
               httpc_perform(manager, &call, &reply, &err) < 0) {
        find(finding, VERDICT_FAIL, "%s", err.text);
        mend(finding, err.kind == ERR_UNAUTHENTICATED ? "'cocos-cli login' reads a new token"
                                                      : "start cocos-manager, or mend its address");
    } else {
        find(finding, VERDICT_OK, "%s answers", options->manager.url);
    }
}

/* --- all of them --- */

static const struct check {
    const char *name;
    void (*run)(const struct doctor_options *options, struct finding *finding);
} checks[] = {
    {"kvm", check_kvm},           {"memory", check_memory},   {"qemu", check_qemu},
    {"firmware", check_firmware}, {"swtpm", check_tpm},       {"swtpm_setup", check_tpm_setup},
    {"libvirtd", check_libvirtd}, {"libvirt", check_libvirt}, {"snp", check_snp},
    {"tdx", check_tdx},           {"sev", check_sev},         {"sev-es", check_sev_es},
    {"ports", check_ports},       {"images", check_images},   {"manager", check_manager},
};

const struct flag doctor_flags[] = {
    {"libvirt-uri", 0, FLAG_TEXT, "URI", "COCOS_MANAGER_LIBVIRT_URI",
     offsetof(struct doctor_options, libvirt_uri), "libvirt to ask"},
    {"image-dir", 0, FLAG_TEXT, "DIR", "COCOS_MANAGER_IMAGE_DIR",
     offsetof(struct doctor_options, image_dir), "where the images are"},
    {"port-range", 0, FLAG_TEXT, "FIRST-LAST", "COCOS_MANAGER_PORT_RANGE",
     offsetof(struct doctor_options, port_range), "ports for the agents"},
    {NULL},
};

static void add_finding(struct json *rows, const char *name, const struct finding *finding)
{
    struct json *row = json_new_object();

    json_set_str(row, "name", name);
    json_set_str(row, "result", verdict_names[finding->verdict]);
    json_set_str(row, "found", finding->found);
    json_set_str(row, "remedy", finding->verdict == VERDICT_OK ? NULL : finding->remedy);
    json_add(rows, row);
}

static const struct column finding_columns[] = {
    {"CHECK", "name"},
    {"RESULT", "result", COLUMN_STATE},
    {"FOUND", "found"},
};

static void show(const struct json *rows)
{
    print_table(rows, finding_columns, COUNT_OF(finding_columns), 0);
    for (size_t i = 0; i < json_count(rows); i++) {
        const char *remedy = json_get_str(json_at(rows, i), "remedy");

        if (remedy != NULL)
            say("%s: %s", json_get_str(json_at(rows, i), "name"), remedy);
    }
}

int doctor_run(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct doctor_options *options = ptr;
    OWNED_JSON *result = json_new_object();
    struct json *rows = json_new_array();
    unsigned failed = 0;

    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        struct finding finding = {0};

        checks[i].run(options, &finding);
        failed += finding.verdict == VERDICT_FAIL;
        add_finding(rows, checks[i].name, &finding);
    }
    json_set_bool(result, "ok", failed == 0);
    json_set(result, "checks", rows);
    if (cli->options->json)
        print_json(result);
    else
        show(rows);
    if (failed > 0)
        return err_set(err, ERR_INTERNAL, "%u of %zu checks failed", failed, COUNT_OF(checks));
    return 0;
}
