#include "tests/fakes/fake_tpm.h"

#include "lib/base/child.h"
#include "lib/base/file.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETUP_MS   60000
#define CONNECT_MS 60000

static void die(const char *what)
{
    fprintf(stderr, "fake TPM: %s\n", what);
    abort();
}

static void write_text(const struct fake_tpm *tpm, const char *name, const char *text)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", tpm->dir, name);
    struct err err;

    if (file_replace(path, (struct span){(const uint8_t *)text, strlen(text)}, 0600, &err) < 0)
        die(err.text);
}

/* The CA that swtpm's tools make on the way lies in our directory, too. */
static void configure(const struct fake_tpm *tpm, const char *banks)
{
    OWNED(free_str)
    char *setup = mem_printf("create_certs_tool = /usr/bin/swtpm_localca\n"
                             "create_certs_tool_config = %s/localca.conf\n"
                             "create_certs_tool_options = %s/localca.options\n"
                             "active_pcr_banks = %s\n",
                             tpm->dir, tpm->dir, banks);
    OWNED(free_str)
    char *localca = mem_printf("statedir = %s\nsigningkey = %s/signkey.pem\n"
                               "issuercert = %s/issuercert.pem\n"
                               "certserial = %s/certserial\n",
                               tpm->dir, tpm->dir, tpm->dir, tpm->dir);

    write_text(tpm, "setup.conf", setup);
    write_text(tpm, "localca.conf", localca);
    write_text(tpm, "localca.options",
               "--platform-manufacturer Test\n--platform-version 1\n--platform-model Test\n");
}

static bool set_up(const struct fake_tpm *tpm)
{
    OWNED(free_str) char *config = mem_printf("%s/setup.conf", tpm->dir);
    const char *const argv[] = {"swtpm_setup",  "--tpm2", "--tpmstate",  tpm->dir,
                                "--config",     config,   "--overwrite", "--create-ek-cert",
                                "--lock-nvram", NULL};
    OWNED_BUF log = BUF_OF(64 * KIB);
    struct child_result result;
    struct err err;

    if (child_run(argv, SETUP_MS, &log, &log, &result, &err) < 0) {
        if (err.kind == ERR_NOT_FOUND)
            return false;
        die(err.text);
    }
    if (result.exit_code != 0)
        die(buf_str(&log));
    return true;
}

/* Two ports behind one another, as the TCTI wants them; free a moment ago. Tests that run at the
 * same time begin with different pairs, below those that the kernel gives to clients. */
static int free_ports(void)
{
    for (int port = 20000 + 2 * (getpid() % 6000); port < 32766; port += 2) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int good = 0;

        for (int i = 0; i < 2; i++) {
            int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

            at.sin_port = htons((uint16_t)(port + i));
            good += bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
            close(fd);
        }
        if (good == 2)
            return port;
    }
    die("no free ports");
    return 0;
}

static bool connects(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

    close(fd);
    return good;
}

static void launch(struct fake_tpm *tpm)
{
    int port = free_ports();
    OWNED(free_str) char *state = mem_printf("dir=%s", tpm->dir);
    OWNED(free_str) char *server = mem_printf("type=tcp,port=%d", port);
    OWNED(free_str) char *control = mem_printf("type=tcp,port=%d", port + 1);

    snprintf(tpm->tcti, sizeof(tpm->tcti), "swtpm:host=127.0.0.1,port=%d", port);
    tpm->pid = fork();
    if (tpm->pid < 0)
        die("fork");
    if (tpm->pid == 0) {
        execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
               "--ctrl", control, "--flags", "not-need-init,startup-clear", NULL);
        _exit(127);
    }
    for (int waited = 0; !connects(port + 1); waited += 20) {
        if (waited > CONNECT_MS)
            die("swtpm does not answer");
        usleep(20000);
    }
}

static void halt(struct fake_tpm *tpm)
{
    kill(tpm->pid, SIGTERM);
    waitpid(tpm->pid, NULL, 0);
}

bool fake_tpm_start(struct fake_tpm *tpm)
{
    return fake_tpm_start_with(tpm, "sha256");
}

bool fake_tpm_start_with(struct fake_tpm *tpm, const char *banks)
{
    *tpm = (struct fake_tpm){.dir = "/tmp/cocos-tpm-XXXXXX"};
    if (mkdtemp(tpm->dir) == NULL)
        die("mkdtemp");
    configure(tpm, banks);
    if (set_up(tpm)) {
        launch(tpm);
        return true;
    }
    printf("SKIP: swtpm is not installed: the TPM is not tested\n");
    rmdir(tpm->dir);
    return false;
}

void fake_tpm_reset(struct fake_tpm *tpm)
{
    halt(tpm);
    launch(tpm);
}

void fake_tpm_stop(struct fake_tpm *tpm)
{
    struct err err;

    halt(tpm);
    if (file_remove_tree(tpm->dir, &err) < 0)
        die(err.text);
}
