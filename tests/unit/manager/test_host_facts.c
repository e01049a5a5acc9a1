#include "tests/unit/manager/scratch.h"

#include "services/manager-api/config.h"
#include "services/manager-api/fleet/memory.h"
#include "services/manager-api/fleet/ports.h"
#include "services/manager-api/fleet/reach.h"

#include <arpa/inet.h>
#include <sys/socket.h>

/* --- ports ------------------------------------------------------------------------ */

static void port_ranges_are_read_strictly(void **state)
{
    static const char *const bad[] = {"",
                                      "20000",
                                      "20000-",
                                      "-20000",
                                      "1-2",
                                      "1023-2000",
                                      "2000-1999",
                                      "20000-65536",
                                      "a-b",
                                      "2000 - 3000",
                                      "20000-20001-20002",
                                      "123456789-2"};
    struct ports ports;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_fails(ports_parse(bad[i], &ports, &err), ERR_USAGE);
    assert_ok(ports_parse("1024-65535", &ports, &err));
    assert_int_equal(ports.first, 1024);
    assert_int_equal(ports.last, 65535);
    assert_ok(ports_parse("2000-2000", &ports, &err));
}

static int listen_on(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static bool none_taken(void *ctx, uint16_t port)
{
    (void)ctx;
    (void)port;
    return false;
}

static bool is_taken(void *ctx, uint16_t port)
{
    return *(const uint16_t *)ctx == port;
}

static void a_port_that_somebody_listens_on_is_not_picked(void **state)
{
    struct ports ports;
    uint16_t port = 0, picked = 0;
    int fd = listen_on(&port);
    struct err err;

    (void)state;
    ports = (struct ports){port, port};
    assert_fails(ports_pick(&ports, none_taken, NULL, &picked, &err), ERR_TOO_MANY);
    close(fd);
    assert_ok(ports_pick(&ports, none_taken, NULL, &picked, &err));
    assert_int_equal(picked, port);
}

static void a_port_that_is_promised_is_not_picked(void **state)
{
    struct ports ports = {21000, 21000};
    uint16_t promised = 21000, picked = 0;
    struct err err;

    (void)state;
    assert_fails(ports_pick(&ports, is_taken, &promised, &picked, &err), ERR_TOO_MANY);
    ports.last = 21001;
    assert_ok(ports_pick(&ports, is_taken, &promised, &picked, &err));
    assert_int_equal(picked, 21001);
}

/* --- memory ------------------------------------------------------------------------ */

static void memory_is_read_from_its_lines(void **state)
{
    struct memory memory;
    struct err err;

    (void)state;
    assert_ok(memory_parse(span_of_str("MemTotal:       16384 kB\nMemFree: 1 kB\n"
                                       "MemAvailable:    8192 kB\n"),
                           &memory, &err));
    assert_int_equal(memory.total_mib, 16);
    assert_int_equal(memory.available_mib, 8);
    assert_fails(memory_parse(span_of_str("MemTotal: 16384 kB\n"), &memory, &err), ERR_SYSTEM);
    assert_fails(memory_parse(span_of_str(""), &memory, &err), ERR_SYSTEM);
    assert_ok(memory_read(&memory, &err));
    assert_true(memory.total_mib >= memory.available_mib);
}

/* --- reach ------------------------------------------------------------------------- */

static void a_directory_that_guests_cannot_enter_is_named(void **state)
{
    SCRATCH dir = scratch_new();
    const struct vm_hypervisor guest = {.has_user = true, .uid = 64055, .gid = 64055};
    const struct vm_hypervisor same = {.has_user = false};
    struct err err;

    (void)state;
    put(&dir, "file", "");
    assert_int_equal(chmod(dir.path, 0700), 0);
    assert_fails(reach_check(in(&dir, "file"), &guest, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, dir.path));
    assert_non_null(strstr(err.text, "chmod o+x"));
    assert_ok(reach_check(in(&dir, "file"), &same, &err));
    assert_int_equal(chmod(dir.path, 0701), 0);
    assert_ok(reach_check(in(&dir, "file"), &guest, &err));
}

/* --- addresses ---------------------------------------------------------------------- */

static void only_loopback_is_loopback(void **state)
{
    static const char *const yes[] = {"127.0.0.1:7443", "127.1.2.3:1", "[::1]:0", "localhost:80"};
    static const char *const no[] = {
        "0.0.0.0:7443", "[::]:7443", "10.0.0.1:1",       "192.168.1.1:7443", "example.org:1",
        ":7443",        "",          "localhost.evil:1", "1127.0.0.1:3",     "[::ffff:10.0.0.1]:1"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(yes); i++)
        if (!config_is_loopback(yes[i]))
            fail_msg("%s", yes[i]);
    for (size_t i = 0; i < COUNT_OF(no); i++)
        if (config_is_loopback(no[i]))
            fail_msg("%s", no[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_ranges_are_read_strictly),
        cmocka_unit_test(a_port_that_somebody_listens_on_is_not_picked),
        cmocka_unit_test(a_port_that_is_promised_is_not_picked),
        cmocka_unit_test(memory_is_read_from_its_lines),
        cmocka_unit_test(a_directory_that_guests_cannot_enter_is_named),
        cmocka_unit_test(only_loopback_is_loopback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
