// precompiled.hpp, by itself.
