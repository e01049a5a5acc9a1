#include "services/agent-api/attester/sev_guest.h"

#include "lib/attest/evidence/snp_report.h"
#include "lib/base/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sev-guest.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REPORT_AT  32         /* in the response, after status, size and what is reserved */
#define FIRST_ROOM (16 * KIB) /* the most that older kernels take; pages, as all of them want */

static int linux_ioctl(int fd, unsigned long request, void *argument)
{
    return ioctl(fd, request, argument);
}

const struct sev_guest_kernel sev_guest_linux = {SEV_GUEST_DEVICE, linux_ioctl};

void sev_guest_answer_done(struct sev_guest_answer *answer)
{
    buf_done(&answer->report);
    buf_done(&answer->certificates);
}

static int open_device(const struct sev_guest_kernel *kernel, struct err *err)
{
    int fd = open(kernel->device, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, "open '%s'",
                             kernel->device);
    return fd;
}

int sev_guest_probe(const struct sev_guest_kernel *kernel, struct err *err)
{
    OWNED(close_fd) int fd = open_device(kernel, err);

    return fd < 0 ? -1 : 0;
}

/* The question, the answer, and room for certificates, as the driver wants to see them. */
struct exchange {
    struct snp_ext_report_req request;
    struct snp_report_resp response;
    struct snp_guest_request_ioctl call;
};

static void prepare(struct exchange *x, const uint8_t report_data[static SHA512_SIZE],
                    struct buf *certificates)
{
    memcpy(x->request.data.user_data, report_data, SHA512_SIZE);
    x->request.certs_address = (uintptr_t)certificates->data;
    x->request.certs_len = (uint32_t)certificates->len;
    memset(&x->response, 0, sizeof(x->response));
    x->call = (struct snp_guest_request_ioctl){
        .msg_version = 1,
        .req_data = (uintptr_t)&x->request,
        .resp_data = (uintptr_t)&x->response,
    };
}

static int call(const struct sev_guest_kernel *kernel, int fd, struct exchange *x, struct err *err)
{
    if (kernel->ioctl(fd, SNP_GET_EXT_REPORT, &x->call) == 0)
        return 0;
    return err_set_errno(err, ERR_SYSTEM, "SNP_GET_EXT_REPORT (firmware %u, host %u)",
                         x->call.fw_error, x->call.vmm_error);
}

/* The host says how much room its certificates need when there is too little. */
static bool needs_room(const struct exchange *x, const struct buf *certificates)
{
    return x->call.vmm_error == SNP_GUEST_VMM_ERR_INVALID_LEN &&
           x->request.certs_len > certificates->len;
}

static int make_room(struct buf *certificates, size_t len, struct err *err)
{
    if (buf_grow(certificates, len - certificates->len) == NULL)
        return buf_check(certificates, "the host's certificates", err);
    memset(certificates->data, 0, certificates->len);
    return 0;
}

static int ask(const struct sev_guest_kernel *kernel, struct exchange *x,
               const uint8_t report_data[static SHA512_SIZE], struct buf *certificates,
               struct err *err)
{
    OWNED(close_fd) int fd = open_device(kernel, err);

    if (fd < 0 || make_room(certificates, FIRST_ROOM, err) < 0)
        return -1;
    prepare(x, report_data, certificates);
    if (call(kernel, fd, x, err) == 0)
        return 0;
    if (!needs_room(x, certificates) || make_room(certificates, x->request.certs_len, err) < 0)
        return -1;
    prepare(x, report_data, certificates);
    return call(kernel, fd, x, err);
}

static int take_report(const struct exchange *x, struct buf *report, struct err *err)
{
    struct reader r = reader_of(SPAN_OF_ARRAY(x->response.data));
    uint32_t status = read_le32(&r);
    uint32_t size = read_le32(&r);

    if (status != 0 || size != SNP_REPORT_SIZE)
        return err_set(err, ERR_SYSTEM, "sev-guest: status %u, a report of %u bytes, not %u",
                       status, size, SNP_REPORT_SIZE);
    buf_add(report, x->response.data + REPORT_AT, SNP_REPORT_SIZE);
    return buf_check(report, "the report", err);
}

int sev_guest_report(const struct sev_guest_kernel *kernel,
                     const uint8_t report_data[static SHA512_SIZE], struct sev_guest_answer *ret,
                     struct err *err)
{
    OWNED_BUF certificates = BUF_OF(SEV_GUEST_CERTIFICATE_MAX);
    OWNED_BUF report = BUF_OF(SNP_REPORT_SIZE);
    struct exchange x = {.call.msg_version = 1};

    if (ask(kernel, &x, report_data, &certificates, err) < 0 || take_report(&x, &report, err) < 0)
        return -1;
    ret->report = report;
    ret->certificates = certificates;
    report = certificates = BUF_OF(0);
    return 0;
}

/* --- the derived key ------------------------------------------------------------------------- */

/* AMD 56860, MSG_KEY_REQ, GUEST_FIELD_SELECT: policy, image, family, measurement. */
#define KEY_FIELDS 0x0f
#define KEY_AT     32 /* in the response, after status and what is reserved */
#define VMPL_COUNT 4

static int ask_key(const struct sev_guest_kernel *kernel, int fd, uint32_t vmpl,
                   struct snp_derived_key_resp *response, struct err *err)
{
    struct snp_derived_key_req request = {.guest_field_select = KEY_FIELDS, .vmpl = vmpl};
    struct snp_guest_request_ioctl call = {
        .msg_version = 1,
        .req_data = (uintptr_t)&request,
        .resp_data = (uintptr_t)response,
    };
    struct reader r = reader_of(SPAN_OF_ARRAY(response->data));
    uint32_t status;

    if (kernel->ioctl(fd, SNP_GET_DERIVED_KEY, &call) < 0)
        return err_set_errno(err, ERR_SYSTEM, "SNP_GET_DERIVED_KEY (firmware %u, host %u)",
                             call.fw_error, call.vmm_error);
    status = read_le32(&r);
    if (status != 0)
        return err_set(err, ERR_SYSTEM, "SNP_GET_DERIVED_KEY: status %u", status);
    return 0;
}

/* A guest below an SVSM may not ask for a level above its own. */
int sev_guest_derive_key(const struct sev_guest_kernel *kernel,
                         uint8_t out[static SEV_GUEST_KEY_SIZE], struct err *err)
{
    OWNED(close_fd) int fd = open_device(kernel, err);
    struct snp_derived_key_resp response = {{0}};
    int result = -1;

    if (fd < 0)
        return -1;
    for (uint32_t vmpl = 0; vmpl < VMPL_COUNT && result < 0; vmpl++)
        result = ask_key(kernel, fd, vmpl, &response, err);
    if (result == 0)
        memcpy(out, response.data + KEY_AT, SEV_GUEST_KEY_SIZE);
    mem_wipe(&response, sizeof(response));
    return result;
}
