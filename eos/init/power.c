#include "eos/init/power.h"

#include "lib/base/mem.h"

#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <unistd.h>

#define INPUT_DEVICES_MAX 8

/* A keyboard has such a key too; the machine's own button sits on no bus of the outside. */
static bool is_power_button(int fd)
{
    unsigned char keys[KEY_MAX / 8 + 1] = {0};
    struct input_id id = {0};

    return ioctl(fd, EVIOCGID, &id) >= 0 && id.bustype == BUS_HOST &&
           ioctl(fd, EVIOCGBIT(EV_KEY, sizeof keys), keys) >= 0 &&
           (keys[KEY_POWER / 8] >> (KEY_POWER % 8) & 1);
}

int power_open_button(void)
{
    char path[32];

    for (int i = 0; i < INPUT_DEVICES_MAX; i++) {
        OWNED(close_fd) int fd = -1;

        snprintf(path, sizeof path, "/dev/input/event%d", i);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0 && is_power_button(fd)) {
            int found = fd;
            fd = -1;
            return found;
        }
    }
    return -1;
}

bool power_button_pressed(int fd)
{
    struct input_event event;
    bool pressed = false;

    while (read(fd, &event, sizeof event) == (ssize_t)sizeof event)
        if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1)
            pressed = true;
    return pressed;
}

void power_off(void)
{
    for (;;) {
        reboot(RB_POWER_OFF);
        pause(); /* a machine without power control: stay, and do nothing */
    }
}
