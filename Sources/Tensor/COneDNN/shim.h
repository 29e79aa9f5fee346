// What is used of oneDNN, in calls that are the same for its versions 2 and 3, whose descriptors
// differ: values in the one, handles in the other.
#ifndef LORA_TRAIN_ONEDNN_H
#define LORA_TRAIN_ONEDNN_H

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t onednn_desc;
#else
typedef const dnnl_memory_desc_t *onednn_desc;
#endif

// A product [m, k] x [k, n] with packed weights, or a copy of weights, ready to run on any thread.
typedef struct {
    dnnl_primitive_t primitive;
    dnnl_primitive_desc_t description;
    int64_t scratch_bytes;
} onednn_product;

// The calling thread computes alone: our own pool deals the work. The library asks OpenMP for its
// number of threads, which each thread has to be told; where it was built without, nothing is to do.
static inline void onednn_use_one_thread(void) {
    void (*set_threads)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set_threads) set_threads(1);
}

static inline dnnl_engine_t onednn_engine(void) {
    dnnl_engine_t engine = NULL;
    return dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success ? engine : NULL;
}

// Whether bfloat16 products run in hardware.
static inline bool onednn_multiplies_bfloat16(void) {
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

// The widest instructions that the library uses on this processor, as far as products depend on them.
static inline const char *onednn_instructions(void) {
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
#define HAS(name) ((isa & name) == name)
    return HAS(dnnl_cpu_isa_avx512_core_amx)    ? "AMX"
           : HAS(dnnl_cpu_isa_avx512_core_bf16) ? "AVX-512 with bfloat16"
           : HAS(dnnl_cpu_isa_avx512_core_vnni) ? "AVX-512 with VNNI"
           : HAS(dnnl_cpu_isa_avx512_core)      ? "AVX-512"
           : HAS(dnnl_cpu_isa_avx2)             ? "AVX2"
                                                : "SSE or the compiler's own";
#undef HAS
}

// A descriptor of rows `stride` values apart, or, of transposed ones, of the columns.
static inline bool onednn_plain_desc(int64_t rows, int64_t columns, int64_t stride, bool transposed,
                                     bool bfloat16, dnnl_memory_desc_t *result) {
    dnnl_dims_t sizes = {rows, columns};
    dnnl_dims_t strides = {transposed ? 1 : stride, transposed ? stride : 1};
    dnnl_data_type_t type = bfloat16 ? dnnl_bf16 : dnnl_f32;
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_desc_create_with_strides(result, 2, sizes, type, strides) == dnnl_success;
#else
    return dnnl_memory_desc_init_by_strides(result, 2, sizes, type, strides) == dnnl_success;
#endif
}

// A descriptor whose layout the library chooses.
static inline bool onednn_any_desc(int64_t rows, int64_t columns, bool bfloat16, dnnl_memory_desc_t *result) {
    dnnl_dims_t sizes = {rows, columns};
    dnnl_data_type_t type = bfloat16 ? dnnl_bf16 : dnnl_f32;
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_desc_create_with_tag(result, 2, sizes, type, dnnl_format_tag_any) == dnnl_success;
#else
    return dnnl_memory_desc_init_by_tag(result, 2, sizes, type, dnnl_format_tag_any) == dnnl_success;
#endif
}

static inline void onednn_desc_free(dnnl_memory_desc_t *desc) {
#if DNNL_VERSION_MAJOR >= 3
    dnnl_memory_desc_destroy(*desc);
#else
    (void)desc;
#endif
}

static inline onednn_desc onednn_desc_reference(const dnnl_memory_desc_t *desc) {
#if DNNL_VERSION_MAJOR >= 3
    return *desc;
#else
    return desc;
#endif
}

static inline dnnl_status_t onednn_describe_product(dnnl_engine_t engine, const dnnl_memory_desc_t *a,
                                                    onednn_desc b, const dnnl_memory_desc_t *c,
                                                    dnnl_primitive_attr_t attributes,
                                                    dnnl_primitive_desc_t *result) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_matmul_primitive_desc_create(result, engine, *a, b, NULL, *c, attributes);
#else
    dnnl_matmul_desc_t operation;
    dnnl_status_t status = dnnl_matmul_desc_init(&operation, a, b, NULL, c);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &operation, attributes, engine, NULL);
#endif
}

static inline void onednn_product_free(onednn_product *product) {
    if (product->primitive) dnnl_primitive_destroy(product->primitive);
    if (product->description) dnnl_primitive_desc_destroy(product->description);
}

// Makes the product of m rows by weights of a layout (NULL: the library's choice, of k x n), into rows,
// or onto them where accumulating. Rows have no gaps: the library's fast kernels want it so. False
// where it cannot.
static inline bool onednn_product_create(dnnl_engine_t engine, int64_t m, int64_t n, int64_t k,
                                         bool bfloat16, onednn_desc weights, bool c_bfloat16,
                                         bool accumulating, onednn_product *result) {
#if DNNL_VERSION_MAJOR >= 3
    dnnl_memory_desc_t a = NULL, b = NULL, c = NULL;
#else
    dnnl_memory_desc_t a, b, c;
#endif
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t post_ops = NULL;
    result->primitive = NULL;
    result->description = NULL;
    bool is_done = onednn_plain_desc(m, k, k, false, bfloat16, &a) &&
                   onednn_plain_desc(m, n, n, false, c_bfloat16, &c) &&
                   onednn_any_desc(k, n, bfloat16, &b) &&
                   dnnl_primitive_attr_create(&attributes) == dnnl_success &&
                   dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user) == dnnl_success;
    if (is_done && accumulating) {
        is_done = dnnl_post_ops_create(&post_ops) == dnnl_success &&
#if DNNL_VERSION_MAJOR >= 3
                  dnnl_post_ops_append_sum(post_ops, 1, 0, dnnl_data_type_undef) == dnnl_success &&
#else
                  dnnl_post_ops_append_sum(post_ops, 1) == dnnl_success &&
#endif
                  dnnl_primitive_attr_set_post_ops(attributes, post_ops) == dnnl_success;
    }
    is_done = is_done &&
              onednn_describe_product(engine, &a, weights ? weights : onednn_desc_reference(&b), &c, attributes,
                                      &result->description) == dnnl_success &&
              dnnl_primitive_create(&result->primitive, result->description) == dnnl_success;
    if (is_done)
        result->scratch_bytes = (int64_t)dnnl_memory_desc_get_size(
            dnnl_primitive_desc_query_md(result->description, dnnl_query_scratchpad_md, 0));
    if (post_ops) dnnl_post_ops_destroy(post_ops);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    onednn_desc_free(&a);
    onednn_desc_free(&b);
    onednn_desc_free(&c);
    if (!is_done) onednn_product_free(result);
    return is_done;
}

// The layout of the product's weights; it lives as long as the product.
static inline onednn_desc onednn_weights_desc(const onednn_product *product) {
    return dnnl_primitive_desc_query_md(product->description, dnnl_query_weights_md, 0);
}

static inline int64_t onednn_weights_bytes(const onednn_product *product) {
    return (int64_t)dnnl_memory_desc_get_size(onednn_weights_desc(product));
}

// Makes the copy of a plain matrix of k x n into the layout of the product's weights, or the reverse.
static inline bool onednn_copy_create(dnnl_engine_t engine, int64_t k, int64_t n, int64_t stride,
                                      bool transposed, bool bfloat16, const onednn_product *product,
                                      bool unpacks, onednn_product *result) {
    dnnl_memory_desc_t plain;
    result->primitive = NULL;
    result->description = NULL;
    result->scratch_bytes = 0;
    if (!onednn_plain_desc(k, n, stride, transposed, bfloat16, &plain)) return false;
    onednn_desc ours = onednn_desc_reference(&plain), theirs = onednn_weights_desc(product);
    bool is_done = dnnl_reorder_primitive_desc_create(&result->description, unpacks ? theirs : ours, engine,
                                                      unpacks ? ours : theirs, engine, NULL) == dnnl_success &&
                   dnnl_primitive_create(&result->primitive, result->description) == dnnl_success;
    onednn_desc_free(&plain);
    if (!is_done) onednn_product_free(result);
    return is_done;
}

static inline bool onednn_copy_run(dnnl_engine_t engine, const onednn_product *copy, const void *from, void *to) {
    dnnl_memory_t source = NULL, target = NULL;
    dnnl_stream_t stream = NULL;
    bool is_done =
        dnnl_memory_create(&source, dnnl_primitive_desc_query_md(copy->description, dnnl_query_src_md, 0), engine, (void *)from) == dnnl_success &&
        dnnl_memory_create(&target, dnnl_primitive_desc_query_md(copy->description, dnnl_query_dst_md, 0), engine, to) == dnnl_success &&
        dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success;
    if (is_done) {
        dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}};
        is_done = dnnl_primitive_execute(copy->primitive, stream, 2, arguments) == dnnl_success &&
                  dnnl_stream_wait(stream) == dnnl_success;
    }
    if (stream) dnnl_stream_destroy(stream);
    if (target) dnnl_memory_destroy(target);
    if (source) dnnl_memory_destroy(source);
    return is_done;
}

static inline bool onednn_run(dnnl_engine_t engine, const onednn_product *product, const void *a,
                              const void *packed, void *c, void *scratch) {
    dnnl_primitive_desc_t description = product->description;
    dnnl_memory_t memory[4] = {NULL};
    dnnl_stream_t stream = NULL;
    bool is_done =
        dnnl_memory_create(&memory[0], dnnl_primitive_desc_query_md(description, dnnl_query_src_md, 0), engine, (void *)a) == dnnl_success &&
        dnnl_memory_create(&memory[1], dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0), engine, (void *)packed) == dnnl_success &&
        dnnl_memory_create(&memory[2], dnnl_primitive_desc_query_md(description, dnnl_query_dst_md, 0), engine, c) == dnnl_success &&
        dnnl_memory_create(&memory[3], dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0), engine, scratch) == dnnl_success &&
        dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success;
    if (is_done) {
        dnnl_exec_arg_t arguments[] = {
            {DNNL_ARG_SRC, memory[0]}, {DNNL_ARG_WEIGHTS, memory[1]}, {DNNL_ARG_DST, memory[2]}, {DNNL_ARG_SCRATCHPAD, memory[3]}};
        is_done = dnnl_primitive_execute(product->primitive, stream, 4, arguments) == dnnl_success &&
                  dnnl_stream_wait(stream) == dnnl_success;
    }
    for (int i = 0; i < 4; i++)
        if (memory[i]) dnnl_memory_destroy(memory[i]);
    if (stream) dnnl_stream_destroy(stream);
    return is_done;
}

#endif
