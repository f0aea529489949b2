// Carries a precompiled header; see mqttpush.cmake.
