class Event: ...


from torch.cuda import amp, profiler
