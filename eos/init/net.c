#include "eos/init/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* QEMU's user network: the same addresses in every VM, so nobody has to ask for one. */
#define NET_ADDRESS "10.0.2.15"
#define NET_MASK    "255.255.255.0"
#define NET_GATEWAY "10.0.2.2"

static struct sockaddr *set_ipv4(struct sockaddr *to, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    inet_pton(AF_INET, address, &in.sin_addr);
    memcpy(to, &in, sizeof in);
    return to;
}

static int set_up(int fd, const char *name, struct err *err)
{
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    request.ifr_flags = IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        return err_set_errno(err, ERR_SYSTEM, "bring up '%s'", name);
    return 0;
}

static int set_address(int fd, const char *name, struct err *err)
{
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    set_ipv4(&request.ifr_addr, NET_ADDRESS);
    if (ioctl(fd, SIOCSIFADDR, &request) < 0)
        return err_set_errno(err, ERR_SYSTEM, "give '%s' its address", name);
    set_ipv4(&request.ifr_netmask, NET_MASK);
    if (ioctl(fd, SIOCSIFNETMASK, &request) < 0)
        return err_set_errno(err, ERR_SYSTEM, "give '%s' its mask", name);
    return 0;
}

static int set_gateway(int fd, struct err *err)
{
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};

    set_ipv4(&route.rt_gateway, NET_GATEWAY);
    set_ipv4(&route.rt_dst, "0.0.0.0");
    set_ipv4(&route.rt_genmask, "0.0.0.0");
    if (ioctl(fd, SIOCADDRT, &route) < 0 && errno != EEXIST)
        return err_set_errno(err, ERR_SYSTEM, "set the gateway");
    return 0;
}

/* The first interface that is not lo; false when there is none. */
static bool find_nic(char name[static IFNAMSIZ])
{
    struct if_nameindex *all = if_nameindex();
    bool found = false;

    for (struct if_nameindex *i = all; i && i->if_name && !found; i++)
        if (strcmp(i->if_name, "lo") != 0) {
            snprintf(name, IFNAMSIZ, "%s", i->if_name);
            found = true;
        }
    if_freenameindex(all);
    return found;
}

int net_start(struct err *err)
{
    OWNED(close_fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char nic[IFNAMSIZ];

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open a socket");
    if (set_up(fd, "lo", err) < 0)
        return -1;
    if (!find_nic(nic))
        return err_set(err, ERR_NOT_FOUND, "the machine has no network interface");
    if (set_address(fd, nic, err) < 0 || set_up(fd, nic, err) < 0)
        return -1;
    return set_gateway(fd, err);
}
