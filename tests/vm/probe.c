/* Process 1 of a guest that does one thing: says on the serial line what its TPM says, one
 * "name hex" a line, then "end". A quote over all registers of the SHA-256 bank by a key that only
 * quotes, the key, and the event logs of firmware and kernel. Linked statically, knows nothing of
 * us: the TPM's commands are written out here, so that no library of ours agrees with itself. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESPONSE_MAX 4096
#define FILE_MAX     (256 * 1024)

static int serial = -1;

static void say(const char *name, const uint8_t *bytes, size_t len)
{
    static char line[2 * FILE_MAX + 64];
    size_t at = (size_t)sprintf(line, "%s ", name);

    for (size_t i = 0; i < len; i++)
        at += (size_t)sprintf(line + at, "%02x", bytes[i]);
    line[at++] = '\n';
    for (size_t done = 0; done < at;) {
        ssize_t wrote = write(serial, line + done, at - done);
        if (wrote <= 0)
            _exit(1);
        done += (size_t)wrote;
    }
}

/* What cannot be done is said, and ends the guest. */
static void must(int condition, const char *what)
{
    if (condition)
        return;
    say(what, NULL, 0);
    reboot(RB_POWER_OFF);
}

/* Long texts go out in lines that a console keeps whole. */
static void say_file(const char *name, const char *path)
{
    static uint8_t bytes[FILE_MAX];
    int fd = open(path, O_RDONLY);
    ssize_t got = 0;
    size_t len = 0;

    must(fd >= 0, "no-log");
    while (len < sizeof(bytes) && (got = read(fd, bytes + len, sizeof(bytes) - len)) > 0)
        len += (size_t)got;
    close(fd);
    for (size_t at = 0; at < len; at += 400)
        say(name, bytes + at, len - at < 400 ? len - at : 400);
}

/* TPM2_CreatePrimary in the endorsement hierarchy, with an empty password: a key of ECC P-256 for
 * ECDSA with SHA-256; fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign.
 */
static const uint8_t create_primary[] = "\x80\x02\0\0\0\x41\0\0\x01\x31\x40\0\0\x0b" /* header */
                                        "\0\0\0\x09\x40\0\0\x09\0\0\0\0\0"           /* password */
                                        "\0\x04\0\0\0\0"                 /* inSensitive */
                                        "\0\x18\0\x23\0\x0b\0\x05\0\x72" /* inPublic */
                                        "\0\0\0\x10\0\x18\0\x0b\0\x03\0\x10\0\0\0\0"
                                        "\0\0\0\0\0\0"; /* outsideInfo, creationPCR */

/* TPM2_Quote over every register of the SHA-256 bank. The key's handle is put in. */
static uint8_t quote[] = "\x80\x02\0\0\0\x49\0\0\x01\x58\0\0\0\0"
                         "\0\0\0\x09\x40\0\0\x09\0\0\0\0\0"
                         "\0\x20"
                         "a challenge of 32 bytes, no more"
                         "\0\x10\0\0\0\x01\0\x0b\x03\xff\xff\xff"; /* scheme, selection */

static size_t transact(int tpm, const uint8_t *command, size_t len, uint8_t *response)
{
    ssize_t got = -1;

    if (write(tpm, command, len) == (ssize_t)len)
        got = read(tpm, response, RESPONSE_MAX);
    must(got >= 10 && memcmp(response + 6, "\0\0\0\0", 4) == 0, "tpm-refused");
    return (size_t)got;
}

static size_t get16(const uint8_t *bytes)
{
    return (size_t)(bytes[0] << 8 | bytes[1]);
}

static void say_quote(void)
{
    static uint8_t response[RESPONSE_MAX];
    int tpm = open("/dev/tpm0", O_RDWR);
    size_t len;

    must(tpm >= 0, "no-tpm");
    transact(tpm, create_primary, sizeof(create_primary) - 1, response);
    memcpy(quote + 10, response + 10, 4);
    say("key", response + 20, get16(response + 18));
    len = transact(tpm, quote, sizeof(quote) - 1, response);
    say("statement", response + 16, get16(response + 14));
    say("signature", response + 16 + get16(response + 14),
        len - 16 - get16(response + 14) - 5 /* the session's answer */);
    close(tpm);
}

int main(void)
{
    mkdir("/dev", 0755);
    mkdir("/sys", 0755);
    if (mount("dev", "/dev", "devtmpfs", 0, NULL) != 0 ||
        mount("sys", "/sys", "sysfs", 0, NULL) != 0 ||
        mount("security", "/sys/kernel/security", "securityfs", 0, NULL) != 0)
        reboot(RB_POWER_OFF);
    serial = open("/dev/ttyS0", O_WRONLY | O_NOCTTY);
    say_quote();
    say_file("tcg", "/sys/kernel/security/tpm0/binary_bios_measurements");
    say_file("ima", "/sys/kernel/security/ima/binary_runtime_measurements");
    say("end", NULL, 0);
    for (;;)
        pause();
}
