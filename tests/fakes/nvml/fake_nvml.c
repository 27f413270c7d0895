/* A stand-in for NVIDIA's management library, for tests on machines without a GPU.
 *
 * The real Python binding loads it under the real name. Every call reads the machine's state anew from the text file that
 * FAKE_NVML_STATE names, so a test changes the machine by replacing that file while processes run. Lines, in any order, but a
 * gpu before what is on it (sizes in MiB, power in W):
 *
 *     driver VERSION
 *     fail CALL CODE                   init, count, handle, memory, processes, power, energy, ... returns this NVML code
 *     hang CALL                        that call does not return while the line is there
 *     short N                          N times, a process list outgrows the room that the caller has made
 *     old                              a driver before R510: none of the newer calls exists
 *     gpu UUID BUS NAME TOTAL [reserved=N] [used=N] [util=N] [temp=N] [power=N] [clock=N] [throttle=BITS] [energy=MILLIJOULES]
 *         [mode=N] [error=CODE] [nomemory] [nopower] [mig]     without energy it has no counter; without power no reading of it
 *     process UUID PID MEMORY|none C|G   used memory is not derived from these
 *     mig UUID_OF_GPU UUID TOTAL [used=N]
 *
 * FAKE_NVML_PROCESSES may name a folder with a file per process id, each holding `UUID MEMORY`: such a process is on that GPU,
 * and its memory used, as long as it lives. Layouts and codes: the NVML API reference.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, FUNCTION_NOT_FOUND = 13 };
enum { MAX = 64, MIG_SLOTS = 7 };
static const uint64_t MIB = 1024 * 1024;

typedef struct { char uuid[96], bus[32], name[96]; uint64_t total, reserved, used; int util, temp, power, clock, mode, error, nomemory, nopower, mig, parent; unsigned long long throttle; long long energy; } Gpu;
typedef struct { int gpu; unsigned pid; long long memory; char kind; } Proc;
typedef struct { char driver[80], hang[32], fail[32]; int code, shortage, old, gpus, procs; Gpu gpu[MAX]; Proc proc[256]; } State;

typedef struct { unsigned pid; unsigned long long memory; unsigned gi, ci; } ProcessInfo;
typedef struct { char legacy[16]; unsigned domain, bus, device, device_id, subsystem_id; char bus_id[32]; } PciInfo;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } MemoryV2;

static int find(const State *s, const char *uuid) {
    for (int i = 0; i < s->gpus; i++) if (!strcmp(s->gpu[i].uuid, uuid)) return i;
    return -1;
}

static void option(Gpu *g, const char *word) {
    unsigned long long n = 0;
    const char *value = strchr(word, '=');
    if (value) n = strtoull(value + 1, NULL, 10);
    if (!strncmp(word, "reserved=", 9)) g->reserved = n;
    else if (!strncmp(word, "used=", 5)) g->used = n;
    else if (!strncmp(word, "util=", 5)) g->util = (int)n;
    else if (!strncmp(word, "temp=", 5)) g->temp = (int)n;
    else if (!strncmp(word, "power=", 6)) g->power = (int)n;
    else if (!strncmp(word, "clock=", 6)) g->clock = (int)n;
    else if (!strncmp(word, "throttle=", 9)) g->throttle = n;
    else if (!strncmp(word, "energy=", 7)) g->energy = (long long)n;
    else if (!strcmp(word, "nopower")) g->nopower = 1;
    else if (!strncmp(word, "mode=", 5)) g->mode = (int)n;
    else if (!strncmp(word, "error=", 6)) g->error = (int)n;
    else if (!strcmp(word, "nomemory")) g->nomemory = 1;
    else if (!strcmp(word, "mig")) g->mig = 1;
}

static void options(Gpu *g) {
    for (char *word; (word = strtok(NULL, " \n"));) option(g, word);
}

static char *word(void) { char *w = strtok(NULL, " \n"); return w ? w : ""; }

static void add_gpu(State *s, int parent) {
    Gpu *g = &s->gpu[s->gpus++];
    snprintf(g->uuid, sizeof g->uuid, "%s", word());
    if (parent < 0) {
        snprintf(g->bus, sizeof g->bus, "%s", word());
        snprintf(g->name, sizeof g->name, "%s", word());
    } else snprintf(g->name, sizeof g->name, "Fake MIG instance");
    g->parent = parent;
    g->total = strtoull(word(), NULL, 10);
    g->temp = 40; g->power = 60; g->clock = 1500; g->energy = -1;
    options(g);
}

static void add_process(State *s) {
    Proc *p = &s->proc[s->procs];
    p->gpu = find(s, word());
    p->pid = (unsigned)strtoul(word(), NULL, 10);
    char *memory = word();
    p->memory = !strcmp(memory, "none") ? -1 : atoll(memory);
    p->kind = *word();
    if (p->gpu >= 0) s->procs++;
}

static void line(State *s, char *text) {
    char *key = strtok(text, " \n");
    if (!key) return;
    if (!strcmp(key, "driver")) snprintf(s->driver, sizeof s->driver, "%s", word());
    else if (!strcmp(key, "hang")) snprintf(s->hang, sizeof s->hang, "%s", word());
    else if (!strcmp(key, "fail")) { snprintf(s->fail, sizeof s->fail, "%s", word()); s->code = atoi(word()); }
    else if (!strcmp(key, "short")) s->shortage = atoi(word());
    else if (!strcmp(key, "old")) s->old = 1;
    else if (!strcmp(key, "gpu")) add_gpu(s, -1);
    else if (!strcmp(key, "mig")) add_gpu(s, find(s, word()));
    else if (!strcmp(key, "process")) add_process(s);
}

static int alive(const char *pid) {
    char path[300], state = 'X';
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
    fclose(f);
    return state != 'Z' && state != 'X';
}

static void add_living(State *s, const char *folder) {
    DIR *d = opendir(folder);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        char path[512], uuid[96];
        long long memory;
        if (*e->d_name == '.' || !alive(e->d_name)) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = fopen(path, "r");
        if (!f) continue;
        while (s->procs < 256 && fscanf(f, "%95s %lld", uuid, &memory) == 2) {
            int gpu = find(s, uuid);
            if (gpu < 0) continue;
            s->gpu[gpu].used += (uint64_t)memory;
            s->proc[s->procs++] = (Proc){gpu, (unsigned)atoi(e->d_name), memory, 'C'};
        }
        fclose(f);
    }
    closedir(d);
}

static void load(State *s) {
    char text[512];
    memset(s, 0, sizeof *s);
    strcpy(s->driver, "550.54.14");
    const char *path = getenv("FAKE_NVML_STATE"), *folder = getenv("FAKE_NVML_PROCESSES");
    FILE *f = path ? fopen(path, "r") : NULL;
    if (!f) { strcpy(s->fail, "init"); s->code = 9; return; }
    while (fgets(text, sizeof text, f) && s->gpus < MAX && s->procs < 255) line(s, text);
    fclose(f);
    if (folder) add_living(s, folder);
}

/* The state for this call; waits as long as the state says that the call hangs. Nonzero: the code that it must return. */
static int enter(const char *call, State *s) {
    for (load(s); !strcmp(s->hang, call); load(s)) usleep(10000);
    return strcmp(s->fail, call) ? SUCCESS : s->code;
}

static void *handle_of(int gpu) { return (void *)(intptr_t)(gpu + 1); }

static int enter_gpu(const char *call, void *handle, State *s, Gpu **g) {
    int code = enter(call, s), i = (int)(intptr_t)handle - 1;
    if (code) return code;
    if (i < 0 || i >= s->gpus) return INVALID_ARGUMENT;
    *g = &s->gpu[i];
    return (*g)->error;
}

int nvmlInitWithFlags(unsigned flags) { State s; (void)flags; return enter("init", &s); }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { (void)code; return "an error of the fake driver"; }

int nvmlSystemGetDriverVersion(char *text, unsigned size) {
    State s; int code = enter("version", &s);
    snprintf(text, size, "%s", s.driver);
    return code;
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    State s; int code = enter("count", &s);
    *count = 0;
    for (int i = 0; i < s.gpus; i++) *count += s.gpu[i].parent < 0;
    return code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    State s; int code = enter("handle", &s);
    for (int i = 0; !code && i < s.gpus; i++)
        if (s.gpu[i].parent < 0 && index-- == 0) { *handle = handle_of(i); return s.gpu[i].error; }
    return code ? code : INVALID_ARGUMENT;
}

int nvmlDeviceGetUUID(void *h, char *text, unsigned size) {
    State s; Gpu *g; int code = enter_gpu("uuid", h, &s, &g);
    if (!code) snprintf(text, size, "%s", g->uuid);
    return code;
}

int nvmlDeviceGetName(void *h, char *text, unsigned size) {
    State s; Gpu *g; int code = enter_gpu("name", h, &s, &g);
    if (!code) snprintf(text, size, "%s", g->name);
    return code;
}

int nvmlDeviceGetPciInfo_v3(void *h, PciInfo *info) {
    State s; Gpu *g; int code = enter_gpu("pci", h, &s, &g);
    if (!code) { memset(info, 0, sizeof *info); memcpy(info->bus_id, g->bus, sizeof info->bus_id); }
    return code;
}

int nvmlDeviceGetMemoryInfo_v2(void *h, MemoryV2 *m) {
    State s; Gpu *g; int code = enter_gpu("memory", h, &s, &g);
    if (code) return code;
    if (s.old) return FUNCTION_NOT_FOUND;
    if (g->nomemory) return NOT_SUPPORTED;
    if (m->version != 0x02000028) return INVALID_ARGUMENT;
    m->total = g->total * MIB; m->reserved = g->reserved * MIB; m->used = g->used * MIB;
    m->free = m->total - m->reserved - m->used;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *h, Memory *m) {
    State s; Gpu *g; int code = enter_gpu("memory", h, &s, &g);
    if (code) return code;
    if (g->nomemory) return NOT_SUPPORTED;
    m->total = g->total * MIB; m->used = (g->used + g->reserved) * MIB; m->free = m->total - m->used;
    return SUCCESS;
}

int nvmlDeviceGetComputeMode(void *h, int *mode) {
    State s; Gpu *g; int code = enter_gpu("mode", h, &s, &g);
    if (!code) *mode = g->mode;
    return code;
}

int nvmlDeviceGetUtilizationRates(void *h, unsigned *rates) {
    State s; Gpu *g; int code = enter_gpu("utilization", h, &s, &g);
    if (!code) { rates[0] = (unsigned)g->util; rates[1] = 0; }
    return code;
}

int nvmlDeviceGetTemperature(void *h, int sensor, unsigned *degrees) {
    State s; Gpu *g; int code = enter_gpu("temperature", h, &s, &g);
    (void)sensor;
    if (!code) *degrees = (unsigned)g->temp;
    return code;
}

int nvmlDeviceGetPowerUsage(void *h, unsigned *milliwatts) {
    State s; Gpu *g; int code = enter_gpu("power", h, &s, &g);
    if (!code && g->nopower) return NOT_SUPPORTED;
    if (!code) *milliwatts = (unsigned)g->power * 1000;
    return code;
}

int nvmlDeviceGetTotalEnergyConsumption(void *h, unsigned long long *millijoules) {
    State s; Gpu *g; int code = enter_gpu("energy", h, &s, &g);
    if (!code && g->energy < 0) return NOT_SUPPORTED;
    if (!code) *millijoules = (unsigned long long)g->energy;
    return code;
}

int nvmlDeviceGetClockInfo(void *h, int type, unsigned *mhz) {
    State s; Gpu *g; int code = enter_gpu("clock", h, &s, &g);
    if (!code && type != 1) return NOT_SUPPORTED; /* 1: the multiprocessors' */
    if (!code) *mhz = (unsigned)g->clock;
    return code;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void *h, unsigned long long *bits) {
    State s; Gpu *g; int code = enter_gpu("throttle", h, &s, &g);
    if (!code) *bits = g->throttle;
    return code;
}

/* The caller asks twice: first with no room, to learn the number, then with as much room as it thinks enough. */
static int list(void *h, unsigned *count, ProcessInfo *out, char kind) {
    static int shortages = 0;
    State s; Gpu *g; int code = enter_gpu("processes", h, &s, &g);
    unsigned room = *count, n = 0;
    if (code) return code;
    for (int i = 0; i < s.procs; i++) n += handle_of(s.proc[i].gpu) == h && s.proc[i].kind == kind;
    *count = n;
    if (room < n) return INSUFFICIENT_SIZE;
    if (out && shortages < s.shortage) { shortages++; *count = room + 1; return INSUFFICIENT_SIZE; }
    n = 0;
    for (int i = 0; i < s.procs; i++) {
        const Proc *p = &s.proc[i];
        if (handle_of(p->gpu) == h && p->kind == kind)
            out[n++] = (ProcessInfo){p->pid, p->memory < 0 ? ~0ULL : (unsigned long long)p->memory * MIB, ~0U, ~0U};
    }
    return SUCCESS;
}

static int list_unless_old(void *h, unsigned *count, ProcessInfo *out, char kind) {
    State s; load(&s);
    return s.old ? FUNCTION_NOT_FOUND : list(h, count, out, kind);
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *h, unsigned *count, ProcessInfo *out) { return list_unless_old(h, count, out, 'C'); }
int nvmlDeviceGetGraphicsRunningProcesses_v3(void *h, unsigned *count, ProcessInfo *out) { return list_unless_old(h, count, out, 'G'); }
int nvmlDeviceGetComputeRunningProcesses_v2(void *h, unsigned *count, ProcessInfo *out) { return list(h, count, out, 'C'); }
int nvmlDeviceGetGraphicsRunningProcesses_v2(void *h, unsigned *count, ProcessInfo *out) { return list(h, count, out, 'G'); }

int nvmlDeviceGetMigMode(void *h, unsigned *current, unsigned *pending) {
    State s; Gpu *g; int code = enter_gpu("mig", h, &s, &g);
    if (!code) *current = *pending = (unsigned)g->mig;
    return code;
}

int nvmlDeviceGetMaxMigDeviceCount(void *h, unsigned *count) { (void)h; *count = MIG_SLOTS; return SUCCESS; }

int nvmlDeviceGetMigDeviceHandleByIndex(void *h, unsigned slot, void **instance) {
    State s; Gpu *g; int code = enter_gpu("mig", h, &s, &g);
    if (code) return code;
    for (int i = 0; i < s.gpus; i++)
        if (s.gpu[i].parent >= 0 && handle_of(s.gpu[i].parent) == h && slot-- == 0) { *instance = handle_of(i); return SUCCESS; }
    return NOT_FOUND;
}
