/* HTTP/1.1, as much of it as a collector needs: GET and HEAD of /metrics, and the connection is closed behind the answer. A
 * client that is slow, or sends what it should not, costs a second and 4 KiB, and nobody but the next client waits. */
#include "io/metrics/responder.h"
#include "engine/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST_MAX = 4096, PATIENCE_MS = 1000, WAITING = 16 };
enum { HOST_MAX = INET6_ADDRSTRLEN + IF_NAMESIZE /* fe80::1%eth0 */ };

static const char unix_prefix[] = "unix:", tcp_prefix[] = "tcp:";

struct responder {
    int fd;
    char place[RESPONDER_PLACE_MAX];
    char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* of a socket in the file system, or "" */
};

bool responder_names(const char *text)
{
    return !strncmp(text, unix_prefix, strlen(unix_prefix)) || !strncmp(text, tcp_prefix, strlen(tcp_prefix));
}

const char *responder_path(const char *text)
{
    return strncmp(text, unix_prefix, strlen(unix_prefix)) ? NULL : text + strlen(unix_prefix);
}

/* A socket stays behind when its process is killed. One that nobody listens at is in the way. */
static void remove_stale(const struct sockaddr_un *address)
{
    struct stat st;
    if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode))
        return; /* connecting to a file is refused, too */
    /* One that listens and is busy is not waited for. */
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) && errno == ECONNREFUSED)
        unlink(address->sun_path);
    if (fd >= 0)
        close(fd);
}

/* 0, or -1 with errno. */
static int listen_unix(struct responder *r, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!*path || strlen(path) >= sizeof address.sun_path) {
        errno = *path ? ENAMETOOLONG : ENOENT;
        return -1;
    }
    strcpy(address.sun_path, path);
    remove_stale(&address);
    r->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->fd < 0 || bind(r->fd, (const struct sockaddr *)&address, sizeof address))
        return -1;
    strcpy(r->path, path);
    snprintf(r->place, sizeof r->place, "%s%s", unix_prefix, path);
    return listen(r->fd, WAITING);
}

/* Splits [ADDRESS:]PORT. False: it is none. */
static bool split(const char *text, char host[HOST_MAX], const char **port)
{
    const char *colon = strrchr(text, ':');
    *port = colon ? colon + 1 : text;
    size_t length = colon ? (size_t)(colon - text) : 0;
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length >= HOST_MAX || !**port || strspn(*port, "0123456789") != strlen(*port) ||
        strtoul(*port, NULL, 10) > UINT16_MAX)
        return false;
    snprintf(host, HOST_MAX, "%.*s", (int)length, length ? text : "");
    if (!length)
        strcpy(host, "127.0.0.1");
    return true;
}

/* The place, with the port that the kernel chose if 0 was asked for. */
static void name_place(struct responder *r)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[HOST_MAX], port[8];
    if (getsockname(r->fd, (struct sockaddr *)&address, &size) ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return;
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): getsockname() has written it */
    const bool v6 = address.ss_family == AF_INET6;
    snprintf(r->place, sizeof r->place, "http://%s%s%s:%s/metrics", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

static int listen_tcp(struct responder *r, const char *text)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    char host[HOST_MAX];
    const char *port;
    struct addrinfo *found;
    if (!split(text, host, &port) || getaddrinfo(host, port, &hints, &found)) {
        errno = EINVAL;
        return -1;
    }
    r->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->fd >= 0)
        setsockopt(r->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    const int failure = r->fd < 0 || bind(r->fd, found->ai_addr, found->ai_addrlen) || listen(r->fd, WAITING);
    freeaddrinfo(found);
    if (failure)
        return -1;
    name_place(r);
    return 0;
}

struct responder *responder_open(const char *text, char error[RESPONDER_ERROR_MAX])
{
    struct responder *r = calloc(1, sizeof *r);
    snprintf(error, RESPONDER_ERROR_MAX, "out of memory");
    if (!r)
        return NULL;
    r->fd = -1;
    const bool is_tcp = !strncmp(text, tcp_prefix, strlen(tcp_prefix));
    if (!(is_tcp ? listen_tcp(r, text + strlen(tcp_prefix)) : listen_unix(r, text + strlen(unix_prefix))))
        return r;
    if (is_tcp && errno == EINVAL)
        snprintf(error, RESPONDER_ERROR_MAX,
                 "no such address; such as tcp:9184, tcp:192.0.2.1:9184 or tcp:[::1]:9184");
    else
        snprintf(error, RESPONDER_ERROR_MAX, "cannot listen: %s", strerror(errno));
    responder_close(r);
    return NULL;
}

const char *responder_place(const struct responder *r)
{
    return r->place;
}

int responder_descriptor(const struct responder *r)
{
    return r->fd;
}

/* Waits until the socket is ready or time is up. */
static bool wait_ready(int fd, short events, int64_t until)
{
    const int64_t left = (until - clock_monotonic_ns()) / 1000000;
    struct pollfd p = {.fd = fd, .events = events};
    return left > 0 && poll(&p, 1, (int)left) > 0;
}

static bool read_request(int fd, char request[REQUEST_MAX + 1], int64_t until)
{
    size_t length = 0;
    while (length < REQUEST_MAX && wait_ready(fd, POLLIN, until)) {
        const ssize_t n = recv(fd, request + length, REQUEST_MAX - length, 0);
        if (n <= 0)
            return false;
        length += (size_t)n;
        request[length] = 0;
        if (memmem(request, length, "\r\n\r\n", 4))
            return true;
    }
    return false;
}

static void send_all(int fd, const char *bytes, size_t length, int64_t until)
{
    while (length && wait_ready(fd, POLLOUT, until)) {
        const ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0)
            return;
        bytes += n;
        length -= (size_t)n;
    }
}

/* The status line of the answer; NULL: the page is wanted. */
static const char *refuse(const char *request)
{
    const char *path = !strncmp(request, "GET ", 4)    ? request + 4
                       : !strncmp(request, "HEAD ", 5) ? request + 5
                                                       : NULL;
    if (!path)
        return "405 Method Not Allowed\r\nAllow: GET, HEAD";
    const size_t length = strcspn(path, " ?\r\n");
    const bool known = (length == 1 && *path == '/') || (length == 8 && !strncmp(path, "/metrics", 8));
    return known ? NULL : "404 Not Found";
}

bool responder_answer(struct responder *r, const char *type, char *(*write)(void *context, size_t *length),
                      void *context)
{
    char request[REQUEST_MAX + 1], head[512];
    /* cppcheck-suppress nullPointer ; whose address it is need not be asked (accept(2)) */
    const int fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return false;
    const int64_t until = clock_monotonic_ns() + (int64_t)PATIENCE_MS * 1000000;
    if (read_request(fd, request, until)) {
        const char *refused = refuse(request);
        size_t length = 0;
        char *page = refused ? NULL : write(context, &length);
        if (!refused && !page)
            refused = "503 Service Unavailable";
        const int n = snprintf(head, sizeof head,
                               "HTTP/1.1 %s\r\n%s%s%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
                               refused ? refused : "200 OK", page ? "Content-Type: " : "", page ? type : "",
                               page ? "\r\n" : "", length);
        send_all(fd, head, (size_t)n, until);
        if (page && *request == 'G')
            send_all(fd, page, length, until);
        free(page);
    }
    close(fd);
    return true;
}

void responder_close(struct responder *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    if (*r->path)
        unlink(r->path);
    free(r);
}
