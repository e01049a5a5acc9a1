#include "eos/init/say.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MAX_BYTES 900 /* the kernel's log takes 976 of one write */

static void write_line(const char *device, const char *prefix, const char *text)
{
    OWNED(close_fd) int fd = open(device, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char line[LINE_MAX_BYTES];
    int len = snprintf(line, sizeof line, "%s%s\r\n", prefix, text);

    if (fd < 0 || len < 0)
        return;
    if (write(fd, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1) < 0)
        return; /* nobody is left to be told */
}

void say(const char *format, ...)
{
    char text[LINE_MAX_BYTES - 16];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    write_line("/dev/kmsg", "<5>eos: ", text);
}

void say_last_words(const char *format, ...)
{
    char text[LINE_MAX_BYTES - 16];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    write_line("/dev/kmsg", "<2>eos: ", text);
    write_line("/dev/ttyS0", "eos: ", text);
}
