/* A libnrt for tests, from declarations of our own: it says what it was called with. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int status;

typedef struct {
  char name[256];
  int32_t usage;
  size_t size;
  int32_t dtype;
  uint32_t *shape;
  uint32_t ndim;
} tensor_info;

typedef struct {
  uint64_t tensor_count;
  tensor_info tensor_array[];
} tensor_info_array;

typedef struct {
  uint64_t rt_major, rt_minor, rt_patch, rt_maintenance;
  char rt_detail[128];
  char git_hash[64];
} version;

typedef struct {
  uint32_t family, size;
  char arch_name[16];
  char device_revision[8];
} instance_info;

typedef struct {
  size_t bytes_used, bytes_limit;
} memory_stats;

static char last[2048];
static status result;

const char *fake_last_call(void) { return last; }
void fake_return(status code) { result = code; }

#define SAY(...) snprintf(last, sizeof last, __VA_ARGS__)
#define OUT(pointer, value) (*(void **)(pointer) = (void *)(uintptr_t)(value))
#define H(pointer) ((unsigned long)(uintptr_t)(pointer))

const char *fake_layout(void) {
  static char text[2048];
#define WHERE(type, field) offsetof(type, field), sizeof(((type *)0)->field)
  snprintf(text, sizeof text,
           "nrt_tensor_info_t %zu name %zu %zu usage %zu %zu size %zu %zu dtype %zu %zu shape %zu "
           "%zu ndim %zu %zu\n"
           "nrt_tensor_info_array_t %zu tensor_count %zu %zu\n"
           "nrt_version_t %zu rt_major %zu %zu rt_minor %zu %zu rt_patch %zu %zu rt_maintenance "
           "%zu %zu rt_detail %zu %zu git_hash %zu %zu\n"
           "nrt_instance_info_t %zu family %zu %zu size %zu %zu arch_name %zu %zu device_revision "
           "%zu %zu\n"
           "nrt_vnc_memory_stats_t %zu bytes_used %zu %zu bytes_limit %zu %zu\n",
           sizeof(tensor_info), WHERE(tensor_info, name), WHERE(tensor_info, usage),
           WHERE(tensor_info, size), WHERE(tensor_info, dtype), WHERE(tensor_info, shape),
           WHERE(tensor_info, ndim), offsetof(tensor_info_array, tensor_array),
           WHERE(tensor_info_array, tensor_count), sizeof(version), WHERE(version, rt_major),
           WHERE(version, rt_minor), WHERE(version, rt_patch), WHERE(version, rt_maintenance),
           WHERE(version, rt_detail), WHERE(version, git_hash), sizeof(instance_info),
           WHERE(instance_info, family), WHERE(instance_info, size),
           WHERE(instance_info, arch_name), WHERE(instance_info, device_revision),
           sizeof(memory_stats), WHERE(memory_stats, bytes_used),
           WHERE(memory_stats, bytes_limit));
  return text;
}

status nrt_init(int framework, const char *fw_version, const char *fal_version) {
  SAY("nrt_init %d '%s' '%s' cores=%s", framework, fw_version, fal_version,
      getenv("NEURON_RT_NUM_CORES") ? getenv("NEURON_RT_NUM_CORES") : "none");
  return result;
}

void nrt_close(void) { SAY("nrt_close"); }

status nrt_load(const void *neff, size_t size, int32_t vnc, int32_t vnc_count, void **model) {
  SAY("nrt_load %.*s %zu %d %d", (int)size, (const char *)neff, size, vnc, vnc_count);
  OUT(model, 0x7000000000000010);
  return result;
}

status nrt_load_collectives(const void *neff, size_t size, int32_t vnc, int32_t vnc_count,
                            uint32_t id, uint32_t count, void **model) {
  SAY("nrt_load_collectives %.*s %zu %d %d %u %u", (int)size, (const char *)neff, size, vnc,
      vnc_count, id, count);
  OUT(model, 0x7000000000000020);
  return result;
}

status nrt_unload(void *model) {
  SAY("nrt_unload %lx", H(model));
  return result;
}

status nrt_allocate_tensor_set(void **set) {
  SAY("nrt_allocate_tensor_set");
  OUT(set, 0x7000000000000030);
  return result;
}

void nrt_destroy_tensor_set(void **set) {
  SAY("nrt_destroy_tensor_set %lx", H(*set));
  *set = NULL;
}

status nrt_add_tensor_to_tensor_set(void *set, const char *name, void *tensor) {
  SAY("nrt_add_tensor_to_tensor_set %lx '%s' %lx", H(set), name, H(tensor));
  return result;
}

status nrt_execute(void *model, const void *in, void *out) {
  SAY("nrt_execute %lx %lx %lx", H(model), H(in), H(out));
  return result;
}

status nrt_tensor_allocate(int placement, int vnc, size_t size, const char *name, void **tensor) {
  SAY("nrt_tensor_allocate %d %d %zu '%s'", placement, vnc, size, name);
  OUT(tensor, 0x7000000000000040);
  return result;
}

void nrt_tensor_free(void **tensor) {
  SAY("nrt_tensor_free %lx", H(*tensor));
  *tensor = NULL;
}

status nrt_tensor_read(const void *tensor, void *buffer, size_t offset, size_t size) {
  SAY("nrt_tensor_read %lx %zu %zu", H(tensor), offset, size);
  for (size_t i = 0; i < size; i++) ((unsigned char *)buffer)[i] = (unsigned char)(7 * i);
  return result;
}

status nrt_tensor_write(void *tensor, const void *buffer, size_t offset, size_t size) {
  unsigned sum = 0;
  for (size_t i = 0; i < size; i++) sum = 31 * sum + ((const unsigned char *)buffer)[i];
  SAY("nrt_tensor_write %lx %zu %zu %u", H(tensor), offset, size, sum);
  return result;
}

status nrt_get_visible_nc_count(uint32_t *count) {
  SAY("nrt_get_visible_nc_count");
  *count = 32;
  return result;
}

status nrt_get_visible_vnc_count(uint32_t *count) {
  SAY("nrt_get_visible_vnc_count");
  *count = 16;
  return result;
}

status nrt_get_total_nc_count(uint32_t *count) {
  SAY("nrt_get_total_nc_count");
  *count = 64;
  return result;
}

const char *nrt_get_status_as_str(status code) {
  static char text[32];
  if (code == 8) return NULL;
  snprintf(text, sizeof text, "NRT_FAKE_%d", code);
  return text;
}

status nrt_get_version(version *v, size_t size) {
  SAY("nrt_get_version %zu", size);
  memset(v, 0, sizeof *v);
  v->rt_major = 2;
  v->rt_minor = 31;
  v->rt_patch = 24;
  v->rt_maintenance = 1ull << 40;
  memset(v->rt_detail, 'd', sizeof v->rt_detail);
  strcpy(v->git_hash, "0123abcd");
  return result;
}

status nrt_get_instance_info(instance_info *info, size_t size) {
  SAY("nrt_get_instance_info %zu", size);
  info->family = 4;
  info->size = 7;
  if (size < sizeof *info) return result;
  if (result == 2) return 2;
  strcpy(info->arch_name, "inf2");
  memcpy(info->device_revision, "rev-four", 8);
  return result;
}

status nrt_get_vnc_memory_stats(uint32_t vnc, memory_stats *stats, size_t in, size_t *out) {
  SAY("nrt_get_vnc_memory_stats %u %zu", vnc, in);
  stats->bytes_used = 1ull << 33;
  stats->bytes_limit = 3ull << 33;
  *out = sizeof *stats;
  return result;
}

status nrt_get_model_tensor_info(void *model, tensor_info_array **info) {
  SAY("nrt_get_model_tensor_info %lx", H(model));
  tensor_info_array *array = calloc(1, sizeof *array + 2 * sizeof(tensor_info));
  array->tensor_count = 2;
  strcpy(array->tensor_array[0].name, "input0");
  array->tensor_array[0].usage = 0;
  array->tensor_array[0].size = 5ull << 32;
  memset(array->tensor_array[1].name, 'n', 255);
  array->tensor_array[1].usage = 1;
  array->tensor_array[1].size = 12;
  *info = array;
  return result;
}

status nrt_free_model_tensor_info(tensor_info_array *info) {
  SAY("nrt_free_model_tensor_info %d", (int)info->tensor_count);
  free(info);
  return result;
}

status nrt_tensor_memset(void *tensor, uint64_t offset, int value, size_t size) {
  SAY("nrt_tensor_memset %lx %lu %d %zu", H(tensor), offset, value, size);
  return result;
}

status nrt_tensor_copy(const void *from, size_t from_off, void *to, size_t to_off, size_t size) {
  SAY("nrt_tensor_copy %lx %zu %lx %zu %zu", H(from), from_off, H(to), to_off, size);
  return result;
}

size_t nrt_tensor_get_size(const void *tensor) {
  SAY("nrt_tensor_get_size %lx", H(tensor));
  return 3ull << 40;
}

status nrt_tensor_allocate_slice(const void *source, size_t offset, size_t size, const char *name,
                                 void **slice) {
  SAY("nrt_tensor_allocate_slice %lx %zu %zu '%s'", H(source), offset, size, name);
  OUT(slice, 0x7000000000000050);
  return result;
}

status nrt_barrier(int32_t vnc, uint32_t id, uint32_t count) {
  SAY("nrt_barrier %d %u %u", vnc, id, count);
  return result;
}

status nrt_build_global_comm(int32_t vnc, uint32_t id, uint32_t count) {
  SAY("nrt_build_global_comm %d %u %u", vnc, id, count);
  return result;
}
