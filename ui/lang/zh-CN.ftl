# 借还：屏幕、凭条、试验台用的全部中文。键不改，字句可以改。

## 首页
attract-title = 自助借还书
attract-greeting = 您好，今天想做什么？
attract-borrow = 借书
attract-borrow-how = 刷读者证，放上书
attract-return = 还书
attract-return-how = 不用证，直接放书
attract-account = 我的借阅与续借
attract-start-hint = 点按钮开始，或直接刷证
attract-lang = English
attract-modes = 大字 · 语音 · 低位
attract-pad-left = 台面上的书还没有办理，请取走，或点借书、还书
attract-pad-count = 台面上有 { $n } 本书，请点借书或还书
attract-title-child = 来借书啦

## 选择
choose-title = 请选择要办的事
choose-renew = 续借和查询
choose-holds = 我的预约
choose-suggest = 提建议
choose-pad = 台面上看到 { $n } 本
choose-pad-how = 书已经认出来了，要借还是要还？

## 出示证件
ident-title = 请出示读者证
ident-card = 把证放在亮灯处
ident-qr = 打开手机上的读者二维码，对准小窗
ident-id = 也可以用身份证或社保卡
ident-nocard = 没带证？
ident-borrow = 登记好就可以放书
ident-account = 看在借的书，也可以续借
ident-busy = 正在查询，请稍等

## 密码
pin-title = 请输入密码
pin-left = 还可以试 { $n } 次
pin-typed = 已输入 { $n } 位
pin-delete = 删除
pin-ok = 确定
pin-digit = 数字 { $n }

## 借书
work-borrow = 借书
work-return = 还书
work-hello = { $name }，您好
work-borrowed = 已借 { $used } 本，还可借 { $left } 本
work-on-loan = 已借 { $used } 本
work-left = 还可借 { $left } 本
work-place = 请把书平放在台面上
work-place-max = 一次最多放 { $max } 本，请错开一点
work-count = 认出 { $n } 本
work-on-pad = 台面上看到
work-unit = { $n ->
   *[other] 本
}
work-same = 和您手里的一样多吗？
work-empty = 放上书就开始办理
work-wait = 正在办理，请不要移动
work-slow = 图书馆系统正在应答，请再等一会儿
work-place-child = 把书一本一本放上来
work-wait-child = 小书在办手续，别动它哦
line-due = 还书日期 { $date }
line-due-child = { $date } 送书回来
line-undo = 这本不借了
line-renewed = 已续到 { $date }
line-returned-hint = 已收下，谢谢

## 每本书的状态
state-seen = 正在识别
state-asking = 正在登记
state-writing = 请不要移动
state-borrowed = 已借
state-returned = 已还
state-renewed = 已续借
state-attention = 请看提示
state-refused = 未办理
state-lifted = 已拿开
state-queued = 已记录，稍后登记
state-of = { $title }：{ $state }。{ $note }

## 数一数
count-title = 数一数
count-ask = 您一共放了几本？
count-ask-child = 数一数，几本书？
count-ok = 数目对上了
count-differ = 您说 { $want } 本，机器认出 { $got } 本。请把书摊开再放一次
count-person = 还有 { $n } 本没有认出，请交给工作人员
count-more = 更多
count-found = 机器认出 { $n } 本

## 还书
ret-title = 还书，不需要读者证
ret-place = 请把书放在台面上
ret-shelf = 请放到还书架
ret-trolley = 请放到书车上
ret-hold = 有读者在等这本书，请放进红色口
ret-transit = 这本书属于{ $branch }，请放到转送筐
owner-return-only = 这本书属于{ $owner }，这里只能还
owner-elsewhere = 这本书属于{ $owner }，请到那里借还
ret-counter = 请交给工作人员
ret-notloan = 已收下。这本书没有借出记录
ret-notloan-then = 没有借出记录，已收下。{ $put }
ret-count = 已还 { $n } 本
ret-code = 凭条号 { $code }
ret-thanks-child = 谢谢你把书送回来

## 我借的书
loans-title = 我借的书
loans-none = 现在没有借书
loans-loading = 正在查询，请稍等
loans-late = 已过期 { $n } 天
loans-count = 在借 { $n } 本
renew-one = 续借
renew-all = 全部续借
renew-asking = 正在续借
renew-done = 已续到 { $date }
renew-done-short = 已续借
renew-some = 续借 { $ok } 本，{ $no } 本没有续成
renew-name = 续借 { $title }

## 预约与费用
holds-ready = 可以取了，在{ $place }，{ $date } 前
holds-wait = 前面还有 { $n } 位
holds-moving = 正在送来
fees-total = 待交费用 { $amount } 元
fees-where = 请到服务台交费，还书不受影响

## 结束
fin-title = 办好了
fin-title-child = 完成！
fin-none-done = 这次没有办理
fin-head-borrowed = 借好了 { $n } 本
fin-head-returned = 还好了 { $n } 本
fin-head-renewed = 续借了 { $n } 本
fin-head-queued = 记下了 { $n } 本
fin-and-borrowed = 借出 { $n } 本
fin-and-returned = 还回 { $n } 本
fin-and-renewed = 续借 { $n } 本
fin-queued = { $n } 本已记录，稍后登记
fin-due-before = 最早请于
fin-due-after = 归还
fin-borrowed = 借出 { $n } 本，最早 { $date } 还
fin-notdone = { $n } 本没有办，请看下面
fin-receipt = 要凭条吗？
fin-paper = 打印
fin-phone = 手机扫码
fin-none = 不用
fin-no-paper = 没有凭条纸
fin-bye = 请带好书和读者证
fin-bye-return = 谢谢您把书送回来
fin-bye-child = 抱好书，看看证在不在
fin-q = 今天还方便吗？
fin-seconds = { $n } 秒后自动结束
fin-printing = 正在打印凭条
fin-printed = 凭条好了，请取走
fin-maybe = 凭条如果出来了，请取走
fin-unknown = 不确定凭条出来没有，可以再打一张副本
fin-declined = 好的，不打凭条
fin-scan = 用手机扫一扫，凭条就在手机里
fin-again = 再打一张
fin-more-borrow = 继续借书
fin-more-return = 继续还书
fin-more = 继续办理
fin-end = 结束

## 还在吗
warn-title = 您还在吗？
warn-body = { $n } 秒后回到首页。已办好的书不受影响
warn-safe = 已办好的书不受影响
warn-seconds = 秒后回到首页
warn-items = 台面上有 { $n } 本还没有办
warn-more = 继续
warn-end = 现在结束

## 帮助
help = 帮助
help-title = 怎么用
help-call = 请工作人员过来
help-called = 已通知，请稍等
help-none = 现在没有工作人员，{ $hours } 有人
help-close = 知道了
help-adult-child = 请大人来看一看
help-card-title = 读者证
help-card = 把证放在亮灯处，听到一声就可以拿开
help-books-title = 放书
help-books = 把书平放在台面上，错开一点，等到打勾再拿走
help-count-title = 数一数
help-count = 屏幕上的大数字要和您手里的书一样多
help-return-title = 还书
help-return = 不用证，把书放上来，看屏幕说放到哪里
help-receipt-title = 凭条
help-receipt = 打印、手机扫码，或者不要，都可以
help-pin-title = 密码
help-pin = 忘了密码，请到服务台，带上证件就能重设
help-renew-title = 续借
help-renew = 点右边的续借，新的还书日期会马上显示

## 出了状况
trouble-title = 这台机器正在休息
trouble-safe = 已办好的借还都有效
trouble-again = 好了会自动恢复，不用操作
start-title = 正在准备
start-body = 正在连接设备和图书馆系统
today-maintenance = 这台机器正在保养，最近的在{ $nearest }
today-maintenance-alone = 这台机器正在保养
today-starting = 正在等待{ $what }
today-starting-alone = 正在准备
today-reader-lost = 识别台暂时不能用，请用旁边的机器
today-offline = 正在离线办理：可以还书，可以借 { $n } 本以内
today-returns-only = 现在可以还书，暂不能借书
today-scan-only = 请逐本扫条码
today-missing = { $what }暂时不能用，其他方式照常
today-no-paper = 没有凭条，可以用手机扫码
device-reader = 识别台
device-printer = 凭条打印机
device-cards = 读证器
device-id-card = 身份证读卡器
device-scanner = 扫码器
device-library = 图书馆系统

## 建议
sugg-title = 您想对图书馆说什么？
sugg-buy = 荐购一本书（可扫 ISBN）
sugg-code = 查询号 { $code }，不记录您是谁
sugg-sent = 谢谢，已送出

## 通用
back = 返回
finish = 完成
finish-n = 完成　{ $n } 本
borrow-n = 借书　{ $n } 本
yes = 是
no = 否
yes-renew = 续借
no-renew = 不用
page-up = 上一页
page-down = 下一页
page-of = { $page } / { $all }
mode-large = 大字
mode-contrast = 高对比
mode-language = 语言：English
mode-language-short = EN
mode-on = 开
mode-off = 关
list-sep = 、

## 提示（第 7 节）
err-card-unread = 没有读到证号，请换个位置再放一次
err-card-unknown = 系统里没有这张证，请到服务台看看
err-card-expired = 这张证已到期。还书照常，借书请先到服务台续证
err-card-lost = 请把这张证交给服务台
err-card-blocked = 这张证暂时不能借书，请到服务台
err-card-is-item = 这是书。请先出示读者证
err-item-is-card = 请把读者证拿开，只放书
err-two-cards = 有两张证，请只放一张
err-card-other = 这张证不属于本馆联盟，请到服务台
err-qr-expired = 二维码已过期，请刷新
err-qr-used = 二维码已用过，请刷新
err-pin-wrong = 密码不对，请再试
err-pin-locked = 为了您的账户安全，请 { $n } 分钟后再试，或到服务台
err-limit = 已到可借册数，这本先不能借
err-over-by = 超出 { $n } 本，请拿回 { $n } 本
err-fees = 有费用待交，暂不能借，还书不受影响
err-late-items = 有书过期未还，还了就可以借
err-in-library = 这本只能馆内看
err-held-other = 这本有读者预约了，请交给工作人员
err-on-loan-other = 这本的归还没有登记，请到服务台，我们来办
err-already-yours = 这本已在您名下。要续借吗？
err-item-unknown = 系统里没有这本，请交给工作人员
err-withdrawn = 请把这本交给工作人员
err-age = 这本暂时借给大一点的读者，请问工作人员
err-parts-missing = 一套 { $all } 件，只见 { $got } 件，请都放上来
err-media-here = 这类资料请到服务台借
err-tag-bad = 这本的标签读不出来，请交给工作人员
err-tag-foreign = 这本不是本馆联盟的书
err-sec-fail = 这本已借好，但门口可能会响，请带凭条
err-sec-fail-undo = 这本没有借成，请交给工作人员
err-lifted = 请放回去，还没有办完
err-renew-held = 有读者在等，不能续
err-renew-max = 续借次数用完了
err-renew-early = 还没到可以续借的日子
err-ret-no = 请交给工作人员
err-ret-other = 这不是本馆联盟的书，请取回
err-slot-two = 请一次放一本
err-bin-full = 书箱满了，请用旁边的口，或明天再来
err-door = 请把手和书移开
err-ils-down = 系统正在重新连接。已办的书都有效
err-offline-limit = 现在离线，这本先不能借，还书可以
err-unsure = 图书馆还没有答复，工作人员会核对这本
err-queue-full = 现在只能还书，请找工作人员借书
err-reader-down = 识别台暂时不能用，请用旁边的机器
err-paper-out = 凭条纸用完了，可用手机扫码
err-print-fail = 凭条没有打出来，借还有效
err-clock-bad = 正在校时，请稍等
err-maint = 这台机器正在保养
err-ask-staff = 这本暂时办不了，请交给工作人员

## 给工作人员：日志中的一条
staff-queued-loan = 离线时借出，{ $due } 到期；系统恢复后登记。
staff-queued-return = 离线时还回；系统恢复后登记。
staff-loan-refused = 离线时借出，{ $due } 到期，图书馆系统不接受：{ $why }。书在读者手中。请人工办理借出，或请读者送回，然后将这一条标为已处理。
staff-loan-noted-unsure = 离线时借出，{ $due } 到期；查不出图书馆系统是否已登记。请查看读者的借阅，然后将这一条标为已处理。
staff-loan-unsure = 已请求借出，没有收到回答。请查看读者的借阅和这本书，然后将这一条标为已处理。
staff-return-refused = 书已收回，图书馆系统不接受归还。请人工办理归还，然后将这一条标为已处理。
staff-return-unsure = 书已收回；查不出图书馆系统是否已登记归还。请查看这本书，然后将这一条标为已处理。
staff-renewal-unsure = 已请求续借，没有收到回答。请查看还书日期，然后将这一条标为已处理。
staff-cancel = 一次借出没有撤销成功，仍然有效。请查看这本书，然后将这一条标为已处理。
staff-fee-unsure = 已在这里收款，查不出图书馆系统是否入账。请先查看读者的账户，再决定是否人工入账，然后将这一条标为已处理。
staff-fee-refused = 已在这里收款，图书馆系统没有入账。请人工入账或退款，然后将这一条标为已处理。
staff-why-held = 有别的读者在等这本书
staff-why-on-loan = 这本书借在别人名下
staff-why-limit = 读者的借阅数已满
staff-why-fees = 读者有欠费或过期的书
staff-why-card = 这张证不能借书，或系统中没有
staff-why-item = 这本书不外借，或系统中没有
staff-why-words = 原话见 journal show
staff-why-none = 没有说明原因
staff-note-time = 当时机器的时钟不准，登记的是发送时间。
staff-note-held = 有别的读者在等这本书：请放到预约架。
staff-note-late = 在到期日 { $due } 之后才登记。
staff-note-due = 图书馆系统的还书日期与告诉读者的 { $due } 不同。
staff-note-already = 读者已经借着这本书。
staff-note-words = 图书馆系统另有说明：见 journal show。

## 凭条
receipt-head-borrow = 自助借书
receipt-head-return = 自助还书
receipt-head-renew = 自助续借
receipt-station = { $place }
receipt-code = 凭条 { $code }
receipt-due = 还 { $date }
receipt-returned = 已还
receipt-renewed = 续到 { $date }
receipt-not-done = 未办理
receipt-total = 共 { $n } 本   最早 { $date }
receipt-total-return = 共 { $n } 本
receipt-total-renew = 续借 { $n } 本
receipt-renew-hint = 续借、预约请用读者证或手机
receipt-hours = 服务时间 { $hours }
receipt-queued = 已记录，系统恢复后登记
receipt-secfail = 门口可能会响，请出示本凭条
receipt-copy = 副本
receipt-card = 证号尾数 { $tail }
receipt-hold-head = 预约书
receipt-hold-shelf = 架位 { $shelf }
receipt-hold-until = 保留到 { $date }
receipt-transit-head = 转送
receipt-transit-from = 从 { $branch }
receipt-transit-to = 到 { $branch }
receipt-item = 条码 { $item }

## 试验台
bench-title = 试验台
bench-subtitle = 设备都是模拟的，线上的字节都是真的
bench-cards = 读者证
bench-cards-hint = 点一下亮出，再点收回
bench-shelf = 书架
bench-shelf-hint = 点一下放上台面，再点拿走
bench-paper = 凭条
bench-paper-none = 打印的凭条会从这里出来
bench-tear = 撕下
bench-wire = 线上
bench-wire-hint = 点一行，看它的字节
bench-wire-none = 刷一张证，或放一本书，这里会说出每一步
bench-wire-bytes = 字节
bench-wire-sip2 = 图书馆
bench-wire-rfid = 识别台
bench-wire-printer = 打印机
bench-wire-journal = 日志
bench-faults = 出点状况
bench-fault-network = 断网
bench-fault-paper = 缺纸
bench-fault-reader = 拔掉识别台
bench-fault-pull = 写标签时抽走书
bench-fault-power = 停电再来电
bench-restart = 重新开始
bench-restarting = 停电了，正在重新启动
bench-language = English
bench-shelf-on-pad = 在台面上
bench-shelf-lent = 已借出
bench-book = { $title }，{ $where ->
    [pad] 在台面上
   *[shelf] 在书架上
}

## 线上的话：图书馆系统
wire-sip2-01 = 停用读者证　{ $patron }
wire-sip2-09 = 还书　条码 { $item }
wire-sip2-10 = { $ok ->
    [1] 已收下　条码 { $item }
   *[other] 没有收下　{ $says }
}
wire-sip2-11 = 借出　读者 { $patron }　条码 { $item }
wire-sip2-12 = { $ok ->
    [1] 同意借出　应还 { $due }
   *[other] 没有同意　{ $says }
}
wire-sip2-15 = 预约　读者 { $patron }
wire-sip2-16 = { $ok ->
    [1] 预约记下了
   *[other] 没有预约　{ $says }
}
wire-sip2-17 = 问这本书　条码 { $item }
wire-sip2-18 = 书的资料　{ $title }
wire-sip2-19 = 更新书的资料　条码 { $item }
wire-sip2-20 = { $ok ->
    [1] 资料更新了
   *[other] 资料没有更新
}
wire-sip2-23 = 问读者状态　{ $patron }
wire-sip2-24 = { $ok ->
    [1] 读者状态正常
   *[other] 读者状态　{ $says }
}
wire-sip2-25 = 恢复读者证　{ $patron }
wire-sip2-26 = 读者证已恢复
wire-sip2-29 = 续借　读者 { $patron }　条码 { $item }
wire-sip2-30 = { $ok ->
    [1] 同意续借　应还 { $due }
   *[other] 没有续成　{ $says }
}
wire-sip2-35 = 结束会话
wire-sip2-36 = 会话已结束
wire-sip2-37 = 交费　{ $amount }
wire-sip2-38 = { $ok ->
    [1] 费用收到
   *[other] 费用没有收到　{ $says }
}
wire-sip2-63 = 问读者资料　{ $patron }
wire-sip2-64 = { $ok ->
    [1] 读者资料　在借 { $n } 本
   *[other] 没有这位读者
}
wire-sip2-65 = 全部续借　读者 { $patron }
wire-sip2-66 = 续借 { $renewed } 本，{ $no } 本没有续成
wire-sip2-93 = 登录
wire-sip2-94 = { $ok ->
    [1] 登录好了
   *[other] 没有登录上
}
wire-sip2-96 = 请再发一次
wire-sip2-97 = 请再发一次
wire-sip2-98 = { $ok ->
    [1] 图书馆系统在线
   *[other] 图书馆系统不在线
}
wire-sip2-99 = 报告本机状态
wire-sip2-other = 消息 { $code }
wire-sip2-connect = 连上图书馆系统
wire-sip2-lost = 连接断了
wire-sip2-timeout = 等不到答复
wire-sip2-checksum = 校验 { $sum } { $ok ->
    [1] 对
   *[other] 不对
}

## 线上的话：识别台
wire-rfid-inventory = 清点台面
wire-rfid-found = 台面上有 { $n } 张标签
wire-rfid-read = 读数据块　{ $uid }
wire-rfid-read-ok = 读到数据块　{ $n } 块
wire-rfid-read-afi = 读 AFI　{ $uid }
wire-rfid-afi-is = AFI 是 { $afi }　{ $secured ->
    [1] 门会响
   *[other] 已放行
}
wire-rfid-write-afi = 写 AFI { $afi }　{ $uid }
wire-rfid-write-eas = { $on ->
    [1] 打开 EAS　{ $uid }
   *[other] 关掉 EAS　{ $uid }
}
wire-rfid-read-eas = 读 EAS　{ $uid }
wire-rfid-eas-is = { $on ->
    [1] EAS 开着，门会响
   *[other] EAS 关着，已放行
}
wire-rfid-ok = 读写器：好
wire-rfid-code = 读写器：代码 { $code }
wire-rfid-no-tag = 没有标签回答
wire-rfid-version = 问读写器型号
wire-rfid-version-is = 读写器 { $model }　固件 { $version }
wire-rfid-select = 选中标签　{ $uid }
wire-rfid-field = { $on ->
    [1] 打开天线
   *[other] 关闭天线
}
wire-rfid-other = 读写器命令 { $code }
wire-rfid-lost = 读写器不见了
wire-rfid-back = 读写器回来了

## 线上的话：打印机
wire-printer-init = 打印机复位
wire-printer-text = 打字　{ $text }
wire-printer-feed = 走纸
wire-printer-image = 打图
wire-printer-cut = 切纸
wire-printer-ask = 问打印机状态
wire-printer-answer = { $ok ->
    [1] 打印机就绪，有纸
   *[other] 打印机没有纸
}
wire-printer-offline = 打印机不在线
wire-printer-job-ask = 问打完没有　第 { $job } 单
wire-printer-job-done = 第 { $job } 单打完了
wire-printer-other = 打印机命令 { $code }

## 线上的话：日志
wire-journal-intent = 记下打算：{ $what ->
    [borrow] 借出
    [return] 还书
   *[renew] 续借
}　条码 { $item }
wire-journal-outcome = 记下结果：{ $ok ->
    [1] 图书馆同意
    [0] 图书馆没有同意
   *[other] 不知道，留给核对
}　条码 { $item }
wire-journal-secured = 记下标签：{ $released ->
    [1] 已放行
   *[other] 已上防盗
}　条码 { $item }
wire-journal-receipt = 记下凭条　{ $code }
wire-journal-session = { $on ->
    [1] 会话开始
   *[other] 会话结束
}
wire-journal-repair = 重新启动，接着办完 { $n } 笔
wire-journal-clean = 重新启动，没有没办完的
