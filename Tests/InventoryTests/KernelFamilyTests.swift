import Inventory
import Testing

/// Names of kernels as they come out of real libraries.
@Suite struct KernelFamilyTests {
  @Test(
    arguments: [
      ("void mul_mat_q<(ggml_type)2, 64, false>(char const*, int)", "mul_mat_q"),
      ("flash_attn_mask_to_KV_max", "flash_attn_mask_to_KV_max"),
      (
        "void at::native::reduce_kernel<512, 1, at::native::ReduceOp<float, float> >(int)",
        "at::native::reduce_kernel"
      ),
      (
        "void vision::ops::(anonymous namespace)::im2col<float>(int, float const*)",
        "vision::ops::(anonymous namespace)::im2col"
      ),
      ("(anonymous namespace)::fill(float*)", "(anonymous namespace)::fill"),
      ("void _INTERNAL_0f46cb44_7_sort_cu_1b2c::merge<int>(int*)", "(anonymous namespace)::merge"),
      (
        "std::enable_if<(true), void>::type internal::gemvx::kernel<int, float>(int)",
        "internal::gemvx::kernel"
      ),
      ("void outer<int>::inner<4>(int)", "outer::inner"),
      ("bool ns::operator< <int>(ns::A<int>, int)", "bool ns::operator<"),
      ("ns::Op::operator()(int) const", "ns::Op::operator()"),
      ("void f<(a->b), 3>(int)", "f"),
      ("", ""), ("<>", "<>"), ("a<b", "a"), (">>>", ">>>"),
    ]
  )
  func `The family is the name without arguments`(_ name: String, _ family: String) {
    #expect(KernelFamily.name(of: name) == family)
  }
}
