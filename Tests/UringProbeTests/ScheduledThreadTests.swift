import Testing

@testable import UringProbe

@Suite struct ScheduledThreadTests {
  /// The kernel adds a thread's wait for a processor to its counter only when the wait ends. Until
  /// then, `ScheduledThread` adds the elapsed time itself.
  @Test func aWaitForAProcessorCountsWhileItLasts() {
    let first = ScheduledThread(ran: 10, countedDelay: 100, isReady: true)
    var second = first
    second.follow(first, after: 50)
    #expect(second.delayed == 150)
    var third = first
    third.follow(second, after: 30)
    #expect(third.delayed == 180)
  }

  @Test func aThreadThatRanOrSleptInBetweenHasNoLastingWait() {
    let first = ScheduledThread(ran: 10, countedDelay: 100, isReady: true)
    var ran = ScheduledThread(ran: 11, countedDelay: 185, isReady: true)
    ran.follow(first, after: 50)
    #expect(ran.delayed == 185)
    var sleeps = ScheduledThread(ran: 10, countedDelay: 100, isReady: false)
    sleeps.follow(first, after: 50)
    #expect(sleeps.delayed == 100)
    var woken = first
    woken.follow(sleeps, after: 50)
    #expect(woken.delayed == 100)
  }
}
